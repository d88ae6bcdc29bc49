/** What `dockerfile.v0` makes of a Dockerfile for one platform: LLB and an image config. */
import type { Definition, Input } from "../../src/gen/ops.js";
import { Refusal } from "./fake-builder.js";
import {
  expand,
  type Instruction,
  parseInstructions,
  refusalAt,
  type SourceText,
  splitPair,
  splitWords,
} from "./fake-dockerfile.js";
import { Graph } from "./fake-graph.js";
import { type Built, dispatchers, type ImageConfig } from "./fake-instructions.js";

export interface Question {
  readonly source: SourceText;
  readonly options: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, Definition>>;
  readonly platform: string;
  /** @throws Refusal for an image that there is not. */
  image(name: string, platform: string): { reference: string; config: ImageConfig };
}

interface Stage {
  readonly name: string | undefined;
  readonly index: number;
  readonly from: Instruction;
  readonly instructions: Instruction[];
}

export interface Warning {
  readonly ruleName: string;
  readonly detail: string;
  readonly lines: Instruction["lines"];
}

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const counted = ["RUN", "COPY"];

export class Stages {
  readonly graph: Graph;
  readonly warnings: Warning[] = [];
  readonly #question: Question;
  readonly #stages: Stage[] = [];
  readonly #globals = new Map<string, string>();
  readonly #built = new Map<Stage, Built>();

  constructor(question: Question) {
    this.#question = question;
    const { source, options, platform } = question;
    this.graph = new Graph(source.filename, source.text);
    const [os = "", architecture = ""] = platform.split("/");
    const predefined = { TARGETPLATFORM: platform, TARGETOS: os, TARGETARCH: architecture };
    for (const [name, value] of Object.entries(predefined))
      this.#globals.set(name, options[`build-arg:${name}`] ?? value);
    for (const instruction of parseInstructions(source)) {
      if (instruction.keyword === "FROM") this.#stages.push(this.#stageOf(instruction));
      else if (this.#stages.length > 0) this.#stages.at(-1)?.instructions.push(instruction);
      else {
        for (const [name, value] of splitWords(instruction.text).map(splitPair)) {
          const chosen = options[`build-arg:${name}`] ?? (value && expand(value, this.#globals));
          if (chosen !== undefined) this.#globals.set(name, chosen);
        }
      }
    }
    if (this.#stages.length === 0) throw new Refusal("file with no instructions");
  }

  /** @returns nothing as its definition for what is scratch. */
  build(target: string | undefined): { definition: Definition | undefined; config: ImageConfig } {
    const stage = target ? this.#find(target) : this.#stages.at(-1);
    if (!stage) throw new Refusal(`target stage "${target}" could not be found`);
    const { root, config } = this.#solve(stage);
    const labels = Object.entries(this.#question.options).flatMap(([key, value]) =>
      key.startsWith("label:") ? [[key.slice("label:".length), value]] : [],
    );
    Object.assign(
      config.config,
      labels.length > 0 && { Labels: { ...config.config.Labels, ...Object.fromEntries(labels) } },
    );
    return { definition: root && this.graph.definition(root), config };
  }

  /** As the linter does. */
  buildAll(): void {
    for (const stage of this.#stages) this.#solve(stage);
  }

  #stageOf(from: Instruction): Stage {
    const [, , name] = splitWords(from.text).filter((word) => !word.startsWith("--"));
    return { name: name?.toLowerCase(), index: this.#stages.length, from, instructions: [] };
  }

  #find(name: string, above = this.#stages.length): Stage | undefined {
    const stages = this.#stages.slice(0, above);
    return /^\d+$/.test(name)
      ? stages[Number(name)]
      : stages.findLast((stage) => stage.name === name.toLowerCase());
  }

  #solve(stage: Stage): Built {
    const known = this.#built.get(stage);
    if (known) return known;
    const words = splitWords(stage.from.text);
    const flag = words.find((word) => word.startsWith("--platform="));
    const platform = flag ? expand(flag.slice("--platform=".length), this.#globals) : this.#question.platform;
    const base = expand(words.find((word) => !word.startsWith("--")) ?? "", this.#globals);
    const below = this.#find(base, stage.index);
    const context = below ? undefined : this.#context(base);
    const steps = new StepNames(stage, this.#stages.length === 1, base !== "scratch" && !below);
    const built = below ? copyOf(this.#solve(below)) : (context ?? this.#load(base, platform, stage, steps));
    this.#built.set(stage, built);
    const triggers = built.config.config.OnBuild ?? [];
    delete built.config.config.OnBuild;
    for (const trigger of triggers) {
      this.#dispatch(stage, built, { ...this.#parseTrigger(trigger, stage), lines: stage.from.lines }, steps);
    }
    for (const instruction of stage.instructions) this.#dispatch(stage, built, instruction, steps);
    return built;
  }

  #parseTrigger(text: string, { from }: Stage): Instruction {
    const { source } = this.#question;
    try {
      const [fired] = parseInstructions({ filename: source.filename, text });
      if (fired) return fired;
    } catch (error) {
      throw refusalAt(source, from.lines, (error as Error).message);
    }
    throw refusalAt(source, from.lines, `a trigger without an instruction: ${text}`);
  }

  /** `--build-context`, and what a frontend passes on. */
  #context(name: string): Built | undefined {
    const { options, inputs } = this.#question;
    const value = options[`context:${name}`];
    if (value === undefined) return undefined;
    const [scheme, key = ""] = value.split(/:(.*)/s);
    const definition = scheme === "input" ? inputs[key] : undefined;
    if (!definition) throw new Refusal(`invalid context name ${name}`);
    const metadata = JSON.parse(options[`input-metadata:${key}`] ?? "{}") as Record<string, string>;
    const bytes = metadata["containerimage.config"];
    const config = bytes
      ? (JSON.parse(Buffer.from(bytes, "base64").toString()) as ImageConfig)
      : this.#empty();
    return builtFrom(config, this.graph.include(definition));
  }

  #empty(): ImageConfig {
    const [os = "", architecture = ""] = this.#question.platform.split("/");
    const config = { Env: [path], WorkingDir: "/" };
    return { architecture, os, config, rootfs: { type: "layers", diff_ids: [] }, history: [] };
  }

  #load(base: string, platform: string, { from }: Stage, steps: StepNames): Built {
    if (base === "scratch") return builtFrom(this.#empty(), undefined);
    try {
      const { reference, config } = this.#question.image(base, platform);
      const [OS = "", Architecture = "", Variant = ""] = platform.split("/");
      const op = {
        $case: "source" as const,
        value: { identifier: `docker-image://${reference}`, attrs: {} },
      };
      const name = steps.next(`FROM ${reference}`);
      const root = this.graph.add({ op, platform: { OS, Architecture, Variant } }, name, from.lines);
      return builtFrom(config, root);
    } catch (error) {
      throw refusalAt(this.#question.source, from.lines, (error as Error).message);
    }
  }

  #dispatch(stage: Stage, built: Built, instruction: Instruction, steps: StepNames): void {
    const { options, source } = this.#question;
    const dispatch = dispatchers[instruction.keyword];
    if (!dispatch) {
      throw refusalAt(source, instruction.lines, `the stand-in does not know ${instruction.keyword}`);
    }
    const entry = dispatch({
      ...instruction,
      built,
      graph: this.graph,
      nextStep: (words) => steps.next(words),
      chosen: (name) => options[`build-arg:${name}`],
      global: (name) => this.#globals.get(name),
      hasOwnCommand: stage.instructions.some(({ keyword }) => keyword === "CMD"),
      rootOf: (name) => {
        const above = this.#find(name, stage.index);
        if (!above)
          throw refusalAt(source, instruction.lines, `the stand-in copies from stages only: ${name}`);
        return this.#solve(above).root;
      },
      value: (word) =>
        expand(word, built.variables, (name) => {
          const detail = `Usage of undefined variable '$${name}'`;
          this.warnings.push({ ruleName: "UndefinedVar", detail, lines: instruction.lines });
        }),
    });
    if (entry) built.config.history.push({ comment: "buildkit.dockerfile.v0", ...entry });
  }
}

function builtFrom(config: ImageConfig, root: Input | undefined): Built {
  const own = structuredClone(config);
  own.config ??= {};
  own.history ??= [];
  if (!own.config.Env?.some((line) => line.startsWith("PATH=")))
    own.config.Env = [...(own.config.Env ?? []), path];
  const variables = new Map(own.config.Env.map(splitPair).map(([name, value = ""]) => [name, value]));
  return { root, config: own, variables };
}

function copyOf({ root, config, variables }: Built): Built {
  return { root, config: structuredClone(config), variables: new Map(variables) };
}

/** `[stage-1 2/5] RUN make`: a FROM counts if it names an image. */
class StepNames {
  readonly #prefix: string;
  readonly #total: number;
  #last = 0;

  constructor({ name, index, instructions }: Stage, isOnly: boolean, countsFrom: boolean) {
    this.#prefix = isOnly ? "" : `${name ?? `stage-${index}`} `;
    const steps = instructions.filter(({ keyword }) => counted.includes(keyword));
    this.#total = steps.length + (countsFrom ? 1 : 0);
  }

  next(words: string): string {
    this.#last += 1;
    return `[${this.#prefix}${String(this.#last).padStart(String(this.#total).length)}/${this.#total}] ${words}`;
  }
}

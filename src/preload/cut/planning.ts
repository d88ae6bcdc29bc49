import {
  type Cut,
  headText,
  type KeptInstruction,
  keptInstructions,
  keptVariables,
  stageText,
  tailText,
  withoutKeptHistory,
} from "../../dockerfile/cut.js";
import type { Stage } from "../../dockerfile/parse.js";
import { type Probe, type ProbeAnswer, readProbe } from "../../dockerfile/probe.js";
import { stagePlatform } from "../../dockerfile/stage-platform.js";
import type { Count } from "../../dockerfile/step-names.js";
import type { Result } from "../../gen/gateway.js";
import type { Definition } from "../../gen/ops.js";
import type { ImageConfig } from "../../image/config.js";
import type { Platform } from "../../image/platform.js";
import { fromDefinition, type Output, type State } from "../../llb/state.js";
import { withImages } from "../../upstream/context-images.js";
import { asIntermediate, type UpstreamRequest, withText } from "../../upstream/request.js";
import { configOf, definitionOf, solveOne } from "../../upstream/solve.js";
import type { BuildContext } from "../build-context.js";
import { Fault } from "../directive/fault.js";
import { predefinedPlatforms } from "../directive/written-words.js";
import type { Step } from "../steps/agent-step.js";
import { asWritten, countAbove, lastStep, type SolvedDraft, stepsBelow } from "./as-written.js";
import type { CutFile } from "./cut-file.js";
import { ancestorsOf, cutBelow, type PreloadedCut } from "./preloaded-cut.js";

/** The stage above a cut. */
export interface Head {
  readonly state: Output;
  readonly answer: ProbeAnswer;
  /** The count of its steps. */
  readonly count: Count;
}

/** The last stage of a draft, as upstream solves it. */
export interface DraftedStage {
  readonly definition: Definition | undefined;
  /** Undefined (scratch) for a stage without files. */
  readonly state: State;
  /** The config without any cuts, for the platform of the stage. */
  readonly config: ImageConfig;
}

/** Makes a cut on top of those that are done. */
export type MakeCut = (planning: Planning, cut: Cut) => Promise<PreloadedCut>;

/** The cuts of a platform's build so far, and the requests to upstream that depend on them. */
export class Planning {
  readonly context: BuildContext;
  readonly file: CutFile;
  /** In the order of their creation. */
  readonly done: readonly PreloadedCut[];

  constructor(context: BuildContext, file: CutFile, done: readonly PreloadedCut[] = []) {
    this.context = context;
    this.file = file;
    this.done = done;
  }

  with(cut: PreloadedCut): Planning {
    return new Planning(this.context, this.file, [...this.done, cut]);
  }

  /** All steps of the cuts. */
  get steps(): readonly Step[] {
    return this.done.flatMap(({ steps }) => steps);
  }

  /** The nearest cut that a stage builds on, if any. */
  cutBelow(stage: Stage): PreloadedCut | undefined {
    return cutBelow(this.file, stage, this.done);
  }

  platformOf(stage: Stage): Platform {
    return stagePlatform(this.file, this.context.request.options.platform, stage);
  }

  /**
   * The part above a cut.
   * @param words to be expanded at the cut.
   * @throws Fault for an empty stage.
   */
  async head(cut: Cut, words: readonly string[]): Promise<Head> {
    const { dockerfile } = this.file;
    const variables = keptVariables(dockerfile, this.#ancestors(cut.stage), cut);
    const probe: Probe = { words, variables, predefined: predefinedPlatforms(words, variables) };
    const below = stepsBelow(this.file, cut.stage, cut.preload.lines.start);
    const text = headText(dockerfile, cut, this.done, probe);
    const goesOn = { stage: cut.stage, below };
    const drafted = await this.#draft({ ...this.#draftOf(text), goesOn }, cut.stage);
    const { definition, state, config } = drafted;
    if (!definition || !state) {
      throw new Fault(
        "the stage is empty (FROM scratch), so it has no container manager; build FROM an image with Docker",
        { lines: cut.preload.lines },
      );
    }
    const last = lastStep(this.context, definition, cut.stage);
    const count = last ?? countAbove(this.done, cut.stage) ?? { step: 0 };
    return { state, answer: readProbe(probe, config), count };
  }

  /** The instructions above a cut that affect those below it. */
  kept(cut: Cut, { answer: { variables, config } }: Pick<Head, "answer">): KeptInstruction[] {
    return keptInstructions({
      dockerfile: this.file.dockerfile,
      ancestors: this.#ancestors(cut.stage),
      cut,
      variables,
      config,
      buildArgument: (name) => this.context.request.options[`build-arg:${name}`],
    });
  }

  /** A whole stage. */
  stage(stage: Stage): Promise<DraftedStage> {
    const text = stageText(this.file.dockerfile, stage, this.done);
    return this.#draft(this.#draftOf(text), stage);
  }

  /** The file after all cuts: the rest of the target, and everything that it needs. */
  async tail(): Promise<{ solved: Result; draft: SolvedDraft }> {
    const text = tailText(this.file.dockerfile, this.done);
    const solved = await solveOne(this.context.bridge, this.#asked(text));
    return { solved, draft: this.#draftOf(text) };
  }

  #ancestors(stage: Stage): Stage[] {
    return ancestorsOf(this.file, stage, this.done);
  }

  #draftOf(text: string): SolvedDraft {
    return { text, file: this.file, done: this.done };
  }

  #asked(text: string): UpstreamRequest {
    const { request, source } = this.context;
    return withText({ request: withImages(request, this.done), source }, text);
  }

  async #draft(draft: SolvedDraft, stage: Stage): Promise<DraftedStage> {
    const solved = await solveOne(this.context.bridge, asIntermediate(this.#asked(draft.text)));
    const drafted = definitionOf(solved);
    const config = withoutKeptHistory(configOf(solved), this.cutBelow(stage));
    const definition = drafted && asWritten(this.context, drafted, draft);
    return { definition, state: fromDefinition(definition), config: this.#forPlatformOf(stage, config) };
  }

  /** The last stage of a file gets the platform of the build, even if its base has another. */
  #forPlatformOf(stage: Stage, config: ImageConfig): ImageConfig {
    if (!this.context.request.options.platform) return config;
    const { variant: _, ...rest } = config;
    return { ...rest, ...this.platformOf(stage) };
  }
}

/**
 * A stage is cut at each PRELOAD. Upstream gets the part above unchanged (`headText`). It gets the part below in a file
 * in which the stage builds FROM a named context, the cut (`tailText`).
 *
 * Some instructions affect later ones, and the image config does not keep all of their effect: ARG, an ENV that hides
 * an ARG, CMD (an ENTRYPOINT below clears a CMD from another stage), ONBUILD. The tail keeps them on their own lines,
 * with the values that they had at the cut.
 */
import type { Lines } from "../error.js";
import { environmentOf, type HistoryEntry, type ImageConfig } from "../image/config.js";
import { Draft } from "./draft.js";
import { type Dockerfile, type Instruction, preloadsOf, type Stage, splitWords } from "./parse.js";
import { type Probe, probeInstruction } from "./probe.js";

/** A place at which a stage is cut. */
export interface Cut {
  /** The stage builds FROM this named context below the cut. */
  readonly context: string;
  readonly stage: Stage;
  readonly preload: Instruction;
}

/** A cut whose upper part has been solved and is now an image. */
export interface SolvedCut {
  readonly context: string;
  readonly stage: Stage;
  /** The instructions that fired at the stage's FROM, if there were any, as a separate stage. */
  readonly triggers?: Stage;
  /** The lines that the image replaces, from the FROM on. */
  readonly lines: Lines;
  readonly kept: readonly KeptInstruction[];
  /** Config of the image at the cut. It includes PRELOAD's own history and label. */
  readonly config: ImageConfig;
}

export interface KeptInstruction {
  /** Absent for a trigger of the cut's image, which fires at the FROM. */
  readonly line?: number;
  readonly text: string;
  /** Number of entries that the instruction adds to the image's history. They are there already. */
  readonly entries: 0 | 1;
}

/** The file up to the cut, with the probe in place of PRELOAD. Its last stage is the one to solve. */
export function headText(
  dockerfile: Dockerfile,
  cut: Cut,
  solved: readonly SolvedCut[],
  probe: Probe,
): string {
  const draft = new Draft(dockerfile.text);
  replaceCutStages(draft, dockerfile, solved);
  return draft
    .blankFrom(cut.preload.lines.start)
    .put(cut.preload.lines.start, probeInstruction(probe))
    .toString();
}

/** The whole file, in which each cut stage builds FROM its last cut. */
export function tailText(dockerfile: Dockerfile, solved: readonly SolvedCut[]): string {
  const draft = new Draft(dockerfile.text);
  replaceCutStages(draft, dockerfile, solved);
  return draft.toString();
}

/** The file up to the end of a stage. That stage is the one to solve. */
export function stageText(dockerfile: Dockerfile, stage: Stage, solved: readonly SolvedCut[]): string {
  const draft = new Draft(dockerfile.text);
  replaceCutStages(draft, dockerfile, solved);
  const next = dockerfile.stages[stage.index + 1];
  return (next ? draft.blankFrom(next.from.lines.start) : draft).toString();
}

/** The variables that kept instructions set. Their values at the cut must be known. */
export function keptVariables(dockerfile: Dockerfile, ancestors: readonly Stage[], cut: Cut): string[] {
  const above = [...ancestors.flatMap(({ instructions }) => instructions), ...instructionsAbove(cut)];
  return [...new Set(argumentNames(above, dockerfile.escape))].filter((name) => /^[A-Za-z_]\w*$/.test(name));
}

export interface KeptContext {
  readonly dockerfile: Dockerfile;
  /** The stages of this file below the cut one, nearest first: it builds FROM them. */
  readonly ancestors: readonly Stage[];
  readonly cut: Cut;
  readonly variables: ReadonlyMap<string, string>;
  readonly config: ImageConfig;
  /** The value of a variable in `--build-arg`. */
  readonly buildArgument: (name: string) => string | undefined;
}

export function keptInstructions(context: KeptContext): KeptInstruction[] {
  const { cut, dockerfile, config } = context;
  const above = instructionsAbove(cut);
  const names = new Set(argumentNames(above, dockerfile.escape));
  const inherited = inheritedArguments(context);
  const firstArg = above.find(({ keyword }) => keyword === "ARG");
  const lastCmd = above.findLast(({ keyword }) => keyword === "CMD");
  const own = above.flatMap((instruction): KeptInstruction[] => {
    const at = (text: string, entries: 0 | 1): KeptInstruction[] => [
      { line: instruction.lines.start, text, entries },
    ];
    switch (instruction.keyword) {
      case "ARG": {
        const words = keptArg(instruction, context);
        return at(`ARG ${[...(instruction === firstArg ? inherited : []), ...words].join(" ")}`, 1);
      }
      case "ENV":
        return keptEnv(instruction, names, context).flatMap((text) => at(text, 1));
      case "CMD":
        return instruction === lastCmd ? at(`CMD ${JSON.stringify(config.config?.Cmd ?? [])}`, 1) : [];
      case "ONBUILD":
        return asWritten(instruction, dockerfile);
      default:
        return [];
    }
  });
  if (firstArg || inherited.length === 0) return own;
  return [...own, { line: cut.preload.lines.start, text: `ARG ${inherited.join(" ")}`, entries: 1 }];
}

/**
 * Removes the entries of kept instructions from a config that was solved from a tail. They are there a second time,
 * directly after the history of the cut that the result builds on.
 */
export function withoutKeptHistory(config: ImageConfig, cut: SolvedCut | undefined): ImageConfig {
  if (!cut) return config;
  const start = cut.config.history?.length ?? 0;
  const count = cut.kept.reduce((sum, { entries }) => sum + entries, 0);
  const history: HistoryEntry[] = [...(config.history ?? [])];
  history.splice(start, count);
  return { ...config, history };
}

function replaceCutStages(draft: Draft, dockerfile: Dockerfile, solved: readonly SolvedCut[]): void {
  for (const stage of dockerfile.stages) {
    // A remaining PRELOAD belongs to a stage that is not needed. Upstream does not know the instruction.
    for (const { lines } of preloadsOf(stage)) draft.blank(lines);
    const last = solved.findLast((cut) => cut.stage.index === stage.index);
    if (last) replaceHead(draft, last);
  }
}

function replaceHead(draft: Draft, { stage, lines, context, kept }: SolvedCut): void {
  draft.blank(lines).put(lines.start, fromInstruction(stage, context));
  for (const { line, text } of kept) if (line !== undefined) draft.put(line, text);
}

/** The FROM of a stage, with another base. */
export function fromInstruction({ flags, name }: Stage, base: string): string {
  return ["FROM", ...flags, base, ...(name ? ["AS", name] : [])].join(" ");
}

function instructionsAbove({ stage, preload }: Cut): readonly Instruction[] {
  return stage.instructions.filter(({ lines }) => lines.end < preload.lines.start);
}

function argumentNames(instructions: readonly Instruction[], escapeToken: string): string[] {
  return instructions
    .filter(({ keyword }) => keyword === "ARG")
    .flatMap(({ text }) => splitWords(text, escapeToken))
    .map((word) => word.split("=", 1)[0] ?? "");
}

function keptArg({ text }: Instruction, context: KeptContext): string[] {
  return splitWords(text, context.dockerfile.escape).map((word) => {
    const [name = ""] = word.split("=", 1);
    if (context.buildArgument(name) !== undefined) return name;
    return assignment(name, context.variables.get(name), context) ?? word;
  });
}

/** All lines of an instruction. The instruction in ONBUILD may have a heredoc. */
function asWritten({ lines }: Instruction, { text }: Dockerfile): KeptInstruction[] {
  const written = text.split("\n").slice(lines.start - 1, lines.end);
  return written.map((text, index) => ({ line: lines.start + index, text, entries: 0 }));
}

/**
 * An ENV is kept if it decides the value of an ARG's variable. It may differ from the value in the config, since an ARG
 * below it may have hidden it.
 */
function keptEnv({ text }: Instruction, names: ReadonlySet<string>, context: KeptContext): string[] {
  const words = splitWords(text, context.dockerfile.escape);
  const isLegacyForm = !words[0]?.includes("=");
  const set = (isLegacyForm ? words.slice(0, 1) : words).map((word) => word.split("=", 1)[0] ?? "");
  const assignments = set
    .filter((name) => names.has(name))
    .map((name) => assignment(name, environmentOf(context.config).get(name), context));
  const known = assignments.filter((text): text is string => text !== undefined);
  return known.length > 0 ? [`ENV ${known.join(" ")}`] : [];
}

/**
 * ARGs of the stages below are in scope, too, but have no lines here. They go before the stage's first ARG or, without
 * one, into the line of the PRELOAD.
 */
function inheritedArguments(context: KeptContext): string[] {
  const { ancestors, dockerfile, variables, buildArgument } = context;
  // The lowest stage comes first: the history of a RUN names the arguments in this order.
  const instructions = ancestors.toReversed().flatMap((stage) => stage.instructions);
  const names = new Set(argumentNames(instructions, dockerfile.escape));
  return [...names].flatMap((name) => {
    const given = buildArgument(name);
    if (given === undefined) return [assignment(name, variables.get(name), context) ?? name];
    // If an ENV has hidden the ARG since, the bare name would bring the build argument back.
    return given === variables.get(name) ? [name] : [];
  });
}

/** `NAME="value"`, or nothing if a Dockerfile cannot express the value in one line. */
function assignment(
  name: string,
  value: string | undefined,
  { dockerfile }: KeptContext,
): string | undefined {
  if (value === undefined || value.includes("\n")) return undefined;
  const special = [dockerfile.escape, '"', "$"];
  const escaped = [...value].map((character) =>
    special.includes(character) ? dockerfile.escape + character : character,
  );
  return `${name}="${escaped.join("")}"`;
}

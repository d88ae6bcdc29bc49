/**
 * Rewrites upstream's definition of a draft as if it came from the user's file: steps refer to that file, and those of
 * a cut stage have consecutive numbers.
 */
import type { Stage } from "../../dockerfile/parse.js";
import { stageName } from "../../dockerfile/stages.js";
import {
  type Count,
  countSteps,
  formatStepName,
  numberThrough,
  parseStepName,
  stageInNames,
} from "../../dockerfile/step-names.js";
import type { Definition, Location, OpMetadata, SourceInfo } from "../../gen/ops.js";
import { joinSources } from "../../llb/source-map.js";
import type { BuildContext } from "../build-context.js";
import type { CutFile } from "./cut-file.js";
import type { PreloadedCut } from "./preloaded-cut.js";

/** The text that upstream was given. */
export interface SolvedDraft {
  /** The file that it is a draft of. */
  readonly file: CutFile;
  readonly text: string;
  readonly done: readonly PreloadedCut[];
  /** The stage that continues below the end of the draft, with this number of steps. */
  readonly goesOn?: { readonly stage: Stage; readonly below: number };
}

export function asWritten(context: BuildContext, definition: Definition, draft: SolvedDraft): Definition {
  const { Source, metadata } = definition;
  if (!Source) return definition;
  const text = Buffer.from(draft.text);
  const isDraft = (index: number): boolean => Source.infos[index]?.data.equals(text) ?? false;
  const places = mapValues(Source.locations, ({ locations }) => ({
    locations: locations.map((one) => (isDraft(one.sourceIndex) ? placeOf(draft.file, one) : one)),
  }));
  const infos = Source.infos.map((info, index) => (isDraft(index) ? usersFile(context) : info));
  const isStep = (digest: string): boolean =>
    Source.locations[digest]?.locations.some(({ sourceIndex }) => isDraft(sourceIndex)) ?? false;
  return {
    ...definition,
    metadata: mapValues(metadata, (one, digest) => (isStep(digest) ? renamed(context, one, draft) : one)),
    Source: joinSources([{ locations: places, infos }]),
  };
}

/** The last step of a stage in a definition that this file has rewritten. */
export function lastStep(context: BuildContext, { metadata }: Definition, stage: Stage): Count | undefined {
  const names = Object.values(metadata).map(({ description }) => parseStepName(description[nameKey] ?? ""));
  const ofStage = names.filter((name) => name?.stage === nameInSteps(context, stage));
  return ofStage.reduce((last, name) => (last && name && last.step > name.step ? last : name), undefined);
}

const nameKey = "llb.customname";

function renamed(context: BuildContext, metadata: OpMetadata, draft: SolvedDraft): OpMetadata {
  const { description, progress_group: group } = metadata;
  const rename = (name: string): string => stepName(context, name, draft);
  const name = description[nameKey];
  return {
    ...metadata,
    ...(name && { description: { ...description, [nameKey]: rename(name) } }),
    ...(group && { progress_group: { ...group, name: rename(group.name) } }),
  };
}

function stepName(context: BuildContext, text: string, draft: SolvedDraft): string {
  const name = parseStepName(text);
  const { stages } = draft.file.dockerfile;
  const stage = stages.find((one) => stageName(one).toLowerCase() === name?.stage);
  // A draft that ends in the first stage does not name the stage.
  const of = stage ?? (name?.stage === "" ? stages[0] : undefined);
  if (!name || !of) return text;
  const { done, goesOn } = draft;
  const below = goesOn?.stage.index === of.index ? goesOn.below : 0;
  const numbered = numberThrough(name, countAbove(done, of), below);
  const fires = draft.file.firesAt?.index === of.index;
  const words = fires ? `ONBUILD ${name.words}` : name.words;
  return formatStepName({ ...numbered, stage: nameInSteps(context, of), words });
}

/** The count of a stage that has been cut. */
export function countAbove(done: readonly PreloadedCut[], { index }: Stage): Count | undefined {
  return done.findLast(({ stage }) => stage.index === index)?.count;
}

/** A file of triggers is not the whole file: the user's counts. */
function nameInSteps({ dockerfile }: BuildContext, stage: Stage): string {
  return stageInNames(dockerfile, stage);
}

/** The number of steps of a stage below a line. */
export function stepsBelow({ firesAt }: CutFile, { instructions }: Stage, line: number): number {
  const below = instructions.filter(({ lines }) => lines.start > line);
  return countSteps(below) + countSteps(firesAt?.instructions ?? []);
}

function placeOf({ firesAt }: CutFile, location: Location): Location {
  if (!firesAt) return location;
  const { start, end } = firesAt.from.lines;
  const range = { start: { line: start, character: 0 }, end: { line: end, character: 0 } };
  const isTrigger = location.ranges.some((one) => (one.start?.line ?? 0) >= start);
  return isTrigger ? { ...location, ranges: [range] } : location;
}

function usersFile({ source }: BuildContext): SourceInfo {
  const { filename, text, definition } = source;
  return { filename, data: Buffer.from(text), definition, language: "Dockerfile" };
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  map: (value: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}

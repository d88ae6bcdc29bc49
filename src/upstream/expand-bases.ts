import { Draft } from "../dockerfile/draft.js";
import { probeInstruction, readProbe } from "../dockerfile/probe.js";
import type { Bases } from "../dockerfile/stages.js";
import { asIntermediate, type FileBuild, withText } from "./request.js";
import { configOf, solveOne } from "./solve.js";

const platformFlag = "--platform=";

/** Asks upstream to expand the words of the FROMs, if they have variables. */
export async function expandBases(build: FileBuild): Promise<Bases> {
  const { stages } = build.dockerfile;
  const words = [
    ...stages.map(({ base }) => base),
    ...stages.map(
      ({ flags }) => flags.find((flag) => flag.startsWith(platformFlag))?.slice(platformFlag.length) ?? "",
    ),
  ];
  const expanded = await expandGlobals(build, words);
  return { bases: expanded.slice(0, stages.length), platforms: expanded.slice(stages.length) };
}

async function expandGlobals(build: FileBuild, words: readonly string[]): Promise<readonly string[]> {
  const { bridge, dockerfile } = build;
  const [first] = dockerfile.stages;
  const variables = new Set(
    words.flatMap((word) => [...word.matchAll(/\$\{?(\w+)/g)].map((match) => match[1] ?? "")),
  );
  if (!first || variables.size === 0) return words;
  const probe = { words, variables: [] };
  const { start } = first.from.lines;
  const stage = ["FROM scratch", `ARG ${[...variables].join(" ")}`, probeInstruction(probe)].join("\n");
  const draft = new Draft(dockerfile.text).blankFrom(start).put(start, stage).toString();
  const result = await solveOne(bridge, asIntermediate(withText(build, draft)));
  return readProbe(probe, configOf(result)).words;
}

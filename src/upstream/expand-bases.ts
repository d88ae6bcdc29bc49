import { Draft } from "../dockerfile/draft.js";
import type { Dockerfile } from "../dockerfile/parse.js";
import { probeInstruction, readProbe } from "../dockerfile/probe.js";
import type { Bridge } from "../gateway/bridge.js";
import type { Source } from "./read-dockerfile.js";
import { asIntermediate, configOf, type StockRequest, solveOne, withText } from "./request.js";

/** What the FROMs say with the ARGs above the first one expanded, by the number of the stage. */
export interface Bases {
  /** The word after FROM. */
  readonly bases: readonly string[];
  /** The value of `--platform=`; empty where it is not given. */
  readonly platforms: readonly string[];
}

const platformFlag = "--platform=";

export async function expandBases(
  bridge: Bridge,
  request: StockRequest,
  source: Source,
  dockerfile: Dockerfile,
): Promise<Bases> {
  const { stages } = dockerfile;
  const words = [
    ...stages.map(({ base }) => base),
    ...stages.map(
      ({ flags }) => flags.find((flag) => flag.startsWith(platformFlag))?.slice(platformFlag.length) ?? "",
    ),
  ];
  const expanded = await expandGlobals(bridge, request, source, dockerfile, words);
  return { bases: expanded.slice(0, stages.length), platforms: expanded.slice(stages.length) };
}

async function expandGlobals(
  bridge: Bridge,
  request: StockRequest,
  source: Source,
  { text, stages }: Dockerfile,
  words: readonly string[],
): Promise<readonly string[]> {
  const [first] = stages;
  const variables = new Set(
    words.flatMap((word) => [...word.matchAll(/\$\{?(\w+)/g)].map((match) => match[1] ?? "")),
  );
  if (!first || variables.size === 0) return words;
  const probe = { words, variables: [] };
  const { start } = first.from.lines;
  const stage = ["FROM scratch", `ARG ${[...variables].join(" ")}`, probeInstruction(probe)].join("\n");
  const draft = new Draft(text).blankFrom(start).put(start, stage).toString();
  const result = await solveOne(bridge, asIntermediate(withText(request, source, draft)));
  return readProbe(probe, configOf(result)).words;
}

import type { Bridge } from "../gateway/bridge.js";
import { Draft } from "./draft.js";
import type { Dockerfile } from "./parse.js";
import { probeInstruction, readProbe } from "./probe.js";
import type { Source } from "./read.js";
import { asIntermediate, configOf, type StockRequest, solveStock, withText } from "./stock-frontend.js";

/** For each stage the word after FROM with the ARGs above the first FROM expanded. */
export async function expandBases(
  bridge: Bridge,
  request: StockRequest,
  source: Source,
  dockerfile: Dockerfile,
): Promise<readonly string[]> {
  const words = dockerfile.stages.map(({ base }) => base);
  const first = dockerfile.stages[0];
  const variables = new Set(
    words.flatMap((word) => [...word.matchAll(/\$\{?(\w+)/g)].map((match) => match[1] ?? "")),
  );
  if (!first || variables.size === 0) return words;
  const probe = { words, variables: [] };
  const { start } = first.from.lines;
  const stage = ["FROM scratch", `ARG ${[...variables].join(" ")}`, probeInstruction(probe)].join("\n");
  const text = new Draft(dockerfile.text).blankFrom(start).put(start, stage).toString();
  const result = await solveStock(bridge, asIntermediate(withText(request, source, text)));
  return readProbe(probe, configOf(result)).words;
}

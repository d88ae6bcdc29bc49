/** What is done to a result of the stock frontend before it is returned. */
import { definitionOf } from "../dockerfile/stock-frontend.js";
import type { Bridge } from "../gateway/bridge.js";
import type { Result } from "../gen/gateway.js";
import { asWritten, type SolvedDraft } from "./as-written.js";
import type { BuildContext } from "./build-context.js";

/**
 * The same result as one of this frontend's own solves: the provenance then names what this frontend was asked
 * for and the images that it looked up, the inner ones, rather than what it told the stock frontend.
 */
export async function adoptResult(
  context: BuildContext,
  solved: Result,
  draft: SolvedDraft,
): Promise<Result> {
  const definition = definitionOf(solved);
  if (!definition) return solved;
  const { result } = await context.bridge.solve({ Definition: asWritten(context, definition, draft) });
  return { ...solved, ...(result && { result }) };
}

/**
 * Runs a build here rather than in the daemon after the return: a failed step can still be asked why, and
 * the excerpt be the user's. A result of scratch has a ref without an id.
 */
export async function evaluate(bridge: Bridge, { result }: Result): Promise<void> {
  const refs =
    result?.$case === "refs"
      ? Object.values(result.value.refs)
      : result?.$case === "ref"
        ? [result.value]
        : [];
  await Promise.all(refs.filter(({ id }) => id !== "").map(({ id }) => bridge.evaluate(id)));
}

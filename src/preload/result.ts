/** What is done to a result of the stock frontend before it is returned. */
import type { Bridge } from "../gateway/bridge.js";
import type { Result } from "../gen/gateway.js";

/**
 * The same result as one of this frontend's own solves: the provenance then names what this frontend was asked
 * for and the images that it looked up, the inner ones, rather than what it told the stock frontend.
 */
export async function adoptResult(bridge: Bridge, result: Result): Promise<Result> {
  const definition = result.result?.$case === "ref" ? result.result.value.def : undefined;
  if (!definition || definition.def.length === 0) return result;
  const { result: own } = await bridge.solve({ Definition: definition });
  return { ...result, ...(own && { result: own }) };
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

import type { Bridge } from "../gateway/bridge.js";
import type { Result } from "../gen/gateway.js";

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

import { LarderError } from "../error.js";
import type { Bridge } from "../gateway/bridge.js";
import type { Result } from "../gen/gateway.js";
import { marshal } from "../llb/marshal.js";
import type { Output } from "../llb/state.js";

/**
 * Runs a build here rather than in the daemon after the return, so that a failed step can be inspected and the excerpt
 * is of the user's file. A result of scratch has a ref without an id.
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

/** Runs all steps that an output needs. */
export async function evaluateOutput(bridge: Bridge, output: Output): Promise<void> {
  await evaluate(bridge, await bridge.solve({ Definition: marshal(output) }));
}

/**
 * A reader for an output's files. It runs all steps that the output needs. @throws LarderError if the output is empty.
 */
export async function openOutput(
  bridge: Bridge,
  output: Output,
  whenEmpty: string,
): Promise<(path: string) => Promise<Buffer>> {
  const { result } = await bridge.solve({ Definition: marshal(output) });
  if (result?.$case !== "ref") throw new LarderError(whenEmpty);
  const { id } = result.value;
  return (path) => bridge.readFile(id, path);
}

export async function readOutput(
  bridge: Bridge,
  output: Output,
  path: string,
  whenEmpty: string,
): Promise<Buffer> {
  return (await openOutput(bridge, output, whenEmpty))(path);
}

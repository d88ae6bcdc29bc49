import { type Definition, Op } from "../gen/ops.js";
import { digestOf } from "../image/digest.js";
import type { Output } from "./state.js";

/**
 * Parts of a build that run a command and do not depend on the steps that are still awaited.
 * @param isAwaited tells the steps that are not known yet.
 * @returns the outputs of such parts that the result, or a step that depends on an awaited one, takes. Inputs of the
 *   awaited steps themselves do not count.
 */
export function independentParts(definition: Definition, isAwaited: (op: Op) => boolean): Output[] {
  const ops = definition.def.map((bytes) => ({ digest: digestOf(Buffer.from(bytes)), op: Op.decode(bytes) }));
  const needed = new Set<string>();
  // Each op comes after its inputs.
  for (const { digest, op } of ops.toReversed()) {
    if (isAwaited(op) || needed.has(digest)) for (const input of op.inputs) needed.add(input.digest);
  }
  const waiting = new Set<string>();
  const running = new Set<string>();
  const parts = new Map<string, Output>();
  for (const { digest, op } of ops) {
    if (op.op?.$case === "exec" || op.inputs.some((input) => running.has(input.digest))) running.add(digest);
    const isResult = op.op === undefined;
    const waits = isAwaited(op) || op.inputs.some((input) => waiting.has(input.digest));
    if (waits) waiting.add(digest);
    if (!waits && !isResult) continue;
    for (const { digest: part, index } of op.inputs) {
      if (waiting.has(part) || needed.has(part) || !running.has(part)) continue;
      parts.set(`${part} ${index}`, { vertex: { kind: "foreign", definition, digest: part }, index });
    }
  }
  return [...parts.values()];
}

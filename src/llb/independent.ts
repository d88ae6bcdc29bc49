import { type Definition, Op } from "../gen/ops.js";
import { digestOf } from "../image/digest.js";
import type { Output } from "./state.js";

/**
 * The parts of a build that are the same whatever some of its steps come to, and in which a command runs.
 * @param isAwaited for the steps that are not known yet.
 * @returns what the steps that wait for those, or the result, take from such parts. What the awaited steps need
 * themselves is not among it.
 */
export function independentParts(definition: Definition, isAwaited: (op: Op) => boolean): Output[] {
  const ops = definition.def.map((bytes) => ({ digest: digestOf(Buffer.from(bytes)), op: Op.decode(bytes) }));
  const needed = new Set<string>();
  // Ops stand below those that they need.
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

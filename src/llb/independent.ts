import { type Definition, type Input, Op } from "../gen/ops.js";
import { digestOf } from "./marshal.js";
import type { Output } from "./state.js";

/**
 * The parts of a build that are the same whatever some of its steps come to, and in which a command runs.
 * @param isAwaited for the steps that are not known yet.
 * @returns what the other steps, and the result, take from such parts.
 */
export function independentParts(definition: Definition, isAwaited: (op: Op) => boolean): Output[] {
  const waiting = new Set<string>();
  const running = new Set<string>();
  const parts = new Map<string, Output>();
  // Ops stand below those that they need.
  for (const bytes of definition.def) {
    const op = Op.decode(bytes);
    const digest = digestOf(Buffer.from(bytes));
    const inputs: readonly Input[] = op.inputs;
    const isResult = op.op === undefined;
    if (op.op?.$case === "exec" || inputs.some((input) => running.has(input.digest))) running.add(digest);
    if (!isResult && !isAwaited(op) && !inputs.some((input) => waiting.has(input.digest))) continue;
    waiting.add(digest);
    for (const input of inputs) {
      if (waiting.has(input.digest) || !running.has(input.digest)) continue;
      const { digest: needed, index } = input;
      parts.set(`${needed} ${index}`, { vertex: { kind: "foreign", definition, digest: needed }, index });
    }
  }
  return [...parts.values()];
}

import { type Output, output, type State } from "./state.js";

/**
 * Lays states on top of each other, the last one uppermost. Scratch is left out, and a single input is the result
 * itself.
 */
export function merge(name: string, states: readonly State[]): State {
  const inputs = states.filter((state): state is Output => state !== undefined);
  if (inputs.length < 2) return inputs[0];
  return output({
    kind: "own",
    op: { $case: "merge", value: { inputs: inputs.map((_, input) => ({ input })) } },
    inputs,
    metadata: { name, caps: ["mergeop"] },
  });
}

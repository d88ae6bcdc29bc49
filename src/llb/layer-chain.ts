/** The steps that made a root file system, each of which is a layer when BuildKit exports it. */
import { type ExecOp, type FileOp, type Input, Op, type Platform } from "../gen/ops.js";
import { digestOf } from "./marshal.js";
import type { Output } from "./state.js";

export interface LayerChain {
  /** The image that the first state is, as LLB names it (`docker-image://...`); absent if that is none. */
  readonly image?: { readonly identifier: string; readonly platform: Platform | undefined };
  /** The file system after each step, lowest first. */
  readonly states: readonly Output[];
}

/** Follows the root from a step to the one below. What is no step on a root is taken as the lowest state. */
export function layerChain(state: Output): LayerChain {
  const { vertex } = state;
  if (vertex.kind === "own") return { states: [state] };
  const { definition } = vertex;
  const ops = new Map(definition.def.map((bytes) => [digestOf(Buffer.from(bytes)), Op.decode(bytes)]));
  const states: Output[] = [];
  let at: Input | undefined = { digest: vertex.digest, index: state.index };
  while (at) {
    const { digest, index }: Input = at;
    const op = ops.get(digest);
    states.unshift({ vertex: { kind: "foreign", definition, digest }, index });
    if (op?.op?.$case === "source") {
      const { identifier } = op.op.value;
      return /^docker-image:/.test(identifier)
        ? { image: { identifier, platform: op.platform }, states }
        : { states };
    }
    at = op && rootBelow(op, index);
  }
  return { states };
}

/** Where the root came from that is output `index` of an op; nothing if it was scratch, or is no root. */
function rootBelow({ op, inputs }: Op, index: number): Input | undefined {
  switch (op?.$case) {
    case "exec":
      return inputs[rootOfExec(op.value, index)];
    case "file":
      return inputs[rootOfFile(op.value, index, inputs.length)];
    case "merge":
      return inputs[op.value.inputs[0]?.input ?? -1];
    default:
      return undefined;
  }
}

/** Outputs are numbered in the order of the mounts that have one. */
function rootOfExec({ mounts }: ExecOp, index: number): number {
  const mount = mounts.filter(({ output }) => output !== -1)[index];
  return mount?.dest === "/" ? mount.input : -1;
}

/** An action's input is one of the op, or past those the result of an action. */
function rootOfFile({ actions }: FileOp, index: number, inputCount: number): number {
  let action = actions.find(({ output }) => output === index);
  while (action && action.input >= inputCount) action = actions[action.input - inputCount];
  return action?.input ?? -1;
}

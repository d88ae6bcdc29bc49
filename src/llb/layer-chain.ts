/** The steps that made a root file system, each of which is a layer when BuildKit exports it. */
import { type ExecOp, type FileOp, type Input, type MergeOp, Op, type Platform } from "../gen/ops.js";
import { digestOf } from "../image/digest.js";
import { merge } from "./merge.js";
import type { Output } from "./state.js";

export interface LayerChain {
  /** The image of the first state, as LLB names it (`docker-image://...`); absent if that state is no image. */
  readonly image?: { readonly identifier: string; readonly platform: Platform | undefined };
  /** The file system after each step, lowest first. */
  readonly states: readonly Output[];
}

/**
 * Follows a file system from each step to the one below. A vertex that is no such step ends the chain as its lowest
 * state.
 */
export function layerChain(state: Output): LayerChain {
  const { vertex } = state;
  if (vertex.kind === "own") return { states: [state] };
  const { definition } = vertex;
  const ops = new Map(definition.def.map((bytes) => [digestOf(Buffer.from(bytes)), Op.decode(bytes)]));
  const stateAt = ({ digest, index }: Input): Output => ({
    vertex: { kind: "foreign", definition, digest },
    index,
  });
  const chainAt = (at: Input): LayerChain => {
    const top = stateAt(at);
    const op = ops.get(at.digest);
    if (op?.op?.$case === "source") return { ...imageOf(op), states: [top] };
    if (op?.op?.$case === "merge") return mergedChain(top, mergeInputs(op.op.value, op.inputs));
    const below = op && rootBelow(op, at.index);
    if (!below) return { states: [top] };
    const chain = chainAt(below);
    return { ...chain, states: [...chain.states, top] };
  };
  /** A merge has the layers of all its inputs. */
  const mergedChain = (top: Output, inputs: readonly Input[]): LayerChain => {
    const [lowest, ...upper] = inputs;
    if (!lowest) return { states: [top] };
    const { states, ...image } = chainAt(lowest);
    const merged = upper.flatMap((input, index) => {
      const below = inputs.slice(0, index + 1).map(stateAt);
      return chainAt(input).states.flatMap(
        (state) => merge("[larder] merge layers", [...below, state]) ?? [],
      );
    });
    return { ...image, states: [...states, ...merged.slice(0, -1), top] };
  };
  return chainAt({ digest: vertex.digest, index: state.index });
}

function imageOf({ op, platform }: Op): Pick<LayerChain, "image"> {
  const identifier = op?.$case === "source" ? op.value.identifier : "";
  return identifier.startsWith("docker-image:") ? { image: { identifier, platform } } : {};
}

function mergeInputs({ inputs }: MergeOp, all: readonly Input[]): Input[] {
  return inputs.flatMap(({ input }) => all[input] ?? []);
}

/** The input that was output `index` of an op before the op ran; undefined for scratch. */
function rootBelow({ op, inputs }: Op, index: number): Input | undefined {
  switch (op?.$case) {
    case "exec":
      return inputs[rootOfExec(op.value, index)];
    case "file":
      return inputs[rootOfFile(op.value, index, inputs.length)];
    default:
      return undefined;
  }
}

/** Outputs have numbers in the order of their mounts. Any output may have become a root, not only "/". */
function rootOfExec({ mounts }: ExecOp, index: number): number {
  return mounts.filter(({ output }) => output !== -1)[index]?.input ?? -1;
}

/** The input of an action is an input of the op or, with a higher number, the result of an action. */
function rootOfFile({ actions }: FileOp, index: number, inputCount: number): number {
  let action = actions.find(({ output }) => output === index);
  while (action && action.input >= inputCount) action = actions[action.input - inputCount];
  return action?.input ?? -1;
}

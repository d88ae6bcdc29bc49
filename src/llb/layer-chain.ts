/** The steps that made a root file system, each of which is a layer when BuildKit exports it. */
import { type ExecOp, type FileOp, type Input, type MergeOp, Op, type Platform } from "../gen/ops.js";
import { digestOf } from "../image/digest.js";
import { merge } from "./merge.js";
import type { Output } from "./state.js";

export interface LayerChain {
  /** The image that the first state is, as LLB names it (`docker-image://...`); absent if that is none. */
  readonly image?: { readonly identifier: string; readonly platform: Platform | undefined };
  /** The file system after each step, lowest first. */
  readonly states: readonly Output[];
}

/** Follows a file system from a step to the one below. What is no step on another is taken as the lowest state. */
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
  /** A merge has the layers of all that it lays on top of each other. */
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

/** What output `index` of an op was before; nothing if it was scratch. */
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

/** Outputs are numbered in the order of the mounts that have one. Any of them may have become a root: not only "/". */
function rootOfExec({ mounts }: ExecOp, index: number): number {
  return mounts.filter(({ output }) => output !== -1)[index]?.input ?? -1;
}

/** An action's input is one of the op, or past those the result of an action. */
function rootOfFile({ actions }: FileOp, index: number, inputCount: number): number {
  let action = actions.find(({ output }) => output === index);
  while (action && action.input >= inputCount) action = actions[action.input - inputCount];
  return action?.input ?? -1;
}

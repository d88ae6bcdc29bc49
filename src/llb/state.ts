/**
 * LLB as values: a State is one output of a vertex, `undefined` is scratch. Nothing is serialized before
 * `marshal`. Vertices are either ops of Larder's own or a Definition that the daemon gave (the result of
 * another frontend's solve), which is taken over byte for byte so that its digests stay what they are.
 */
import { type Definition, Op, type OpMetadata } from "../gen/ops.js";

export type State = Output | undefined;

export interface Output {
  readonly vertex: Vertex;
  readonly index: number;
}

export type Vertex = OwnVertex | ForeignVertex;

export interface OwnVertex {
  readonly kind: "own";
  readonly op: NonNullable<Op["op"]>;
  /** In the order of the op's input numbers. */
  readonly inputs: readonly Output[];
  readonly platform?: Op["platform"];
  readonly metadata: VertexMetadata;
}

export interface ForeignVertex {
  readonly kind: "foreign";
  readonly definition: Definition;
  /** Digest of the op whose output this is. */
  readonly digest: string;
}

export interface VertexMetadata {
  /** What the build's output calls the step. */
  readonly name: string;
  /** Capabilities that the daemon must have, checked by it before anything runs. */
  readonly caps: readonly string[];
  readonly ignoreCache?: boolean;
}

export function output(vertex: Vertex, index = 0): Output {
  return { vertex, index };
}

/** The state that a definition ends in. An empty definition is scratch. */
export function fromDefinition(definition: Definition | undefined): State {
  const last = definition?.def.at(-1);
  if (!definition || !last) return undefined;
  const result = Op.decode(last).inputs[0];
  if (!result) return undefined;
  return { vertex: { kind: "foreign", definition, digest: result.digest }, index: result.index };
}

export function encodeMetadata({ name, caps, ignoreCache }: VertexMetadata): OpMetadata {
  return {
    ignore_cache: ignoreCache ?? false,
    description: { "llb.customname": name },
    export_cache: undefined,
    caps: Object.fromEntries([...caps].sort().map((cap) => [cap, true])),
    progress_group: undefined,
  };
}

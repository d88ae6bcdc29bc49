/**
 * LLB as values: a State is one output of a vertex, or `undefined` for scratch. Only `marshal` serializes. A vertex is
 * either an op of Larder's own or part of a Definition from the daemon (the result of another frontend's solve). The
 * bytes of such a Definition are kept, so its digests stay the same.
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
  /** Digest of the op that has this output. */
  readonly digest: string;
}

export interface VertexMetadata {
  /** The step's name in the output of the build. */
  readonly name: string;
  /** The daemon must have these capabilities. It checks them before anything runs. */
  readonly caps: readonly string[];
  readonly ignoreCache?: boolean;
}

export function output(vertex: Vertex, index = 0): Output {
  return { vertex, index };
}

/** The result of a definition. An empty definition is scratch. */
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

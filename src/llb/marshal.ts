import { type Definition, Op, type OpMetadata, type Source } from "../gen/ops.js";
import { digestOf } from "../image/digest.js";
import { joinSources } from "./source-map.js";
import { encodeMetadata, type Output, type OwnVertex, type State } from "./state.js";

/**
 * Serializes the graph below a state: dependencies first, each op once. The last op has only the result as its input.
 * @throws Error for scratch, which no definition can express.
 */
export function marshal(state: State): Definition {
  if (!state) throw new Error("scratch has no definition");
  const writer = new Writer();
  const result = writer.add(state);
  writer.finish(result);
  return writer.definition;
}

/**
 * The bytes of Go's deterministic marshalling: fields by number, but members of a oneof last. The daemon marshals every
 * op again, and only equal bytes keep their digest.
 */
export function encodeOp(op: Op): Buffer {
  const { op: member, ...rest } = op;
  const head = Op.encode({ ...rest, op: undefined }).finish();
  const tail = Op.encode(Op.fromPartial({ op: member })).finish();
  return Buffer.concat([head, tail]);
}

interface Input {
  readonly digest: string;
  readonly index: number;
}

class Writer {
  readonly #digests = new Map<OwnVertex, string>();
  readonly #ops = new Map<string, Buffer>();
  readonly #metadata: Record<string, OpMetadata> = {};
  readonly #sources: Source[] = [];
  readonly #foreign = new Set<Definition>();

  add({ vertex, index }: Output): Input {
    if (vertex.kind === "own") return { digest: this.#addOwn(vertex), index };
    if (!this.#foreign.has(vertex.definition)) this.#addForeign(vertex.definition);
    return { digest: vertex.digest, index };
  }

  finish(result: Input): void {
    const bytes = encodeOp(Op.fromPartial({ inputs: [result] }));
    this.#ops.set(digestOf(bytes), bytes);
    this.#metadata[digestOf(bytes)] = encodeMetadata({ name: "", caps: [] });
  }

  get definition(): Definition {
    return { def: [...this.#ops.values()], metadata: this.#metadata, Source: joinSources(this.#sources) };
  }

  #addOwn(vertex: OwnVertex): string {
    const known = this.#digests.get(vertex);
    if (known) return known;
    const inputs = vertex.inputs.map((input) => this.add(input));
    const bytes = encodeOp(
      Op.fromPartial({ inputs, op: vertex.op, platform: vertex.platform, constraints: {} }),
    );
    const digest = digestOf(bytes);
    this.#digests.set(vertex, digest);
    this.#ops.set(digest, bytes);
    this.#metadata[digest] = encodeMetadata(vertex.metadata);
    return digest;
  }

  /** Adds all ops but the last, which only names the result. */
  #addForeign(definition: Definition): void {
    this.#foreign.add(definition);
    for (const bytes of definition.def.slice(0, -1)) {
      const digest = digestOf(bytes);
      this.#ops.set(digest, bytes);
      const metadata = definition.metadata[digest];
      if (metadata) this.#metadata[digest] = metadata;
    }
    if (definition.Source) this.#sources.push(definition.Source);
  }
}

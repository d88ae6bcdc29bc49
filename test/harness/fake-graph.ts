import { createHash } from "node:crypto";
import { Definition, type Input, Op, type OpMetadata, type Source } from "../../src/gen/ops.js";
import { Refusal } from "./fake-builder.js";

export interface Lines {
  readonly start: number;
  readonly end: number;
}

export type NewOp = Parameters<typeof Op.fromPartial>[0];

export function sha256(data: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(data).digest("hex")}`;
}

/** LLB as BuildKit's own client makes it. */
export class Graph {
  readonly #ops = new Map<string, Buffer>();
  readonly #metadata: Record<string, OpMetadata> = {};
  readonly #source: Source = { locations: {}, infos: [] };

  /** @param text of the file that the steps are of. */
  constructor(filename: string, text: string) {
    const info = { filename, data: Buffer.from(text), definition: undefined, language: "Dockerfile" };
    this.#source.infos.push(info);
  }

  /** @returns the first output of the step. */
  add(op: NewOp, name: string, lines?: Lines): Input {
    const bytes = Buffer.from(Op.encode(Op.fromPartial({ constraints: {}, ...op })).finish());
    const digest = this.#put(bytes, metadata({ "llb.customname": name }));
    const ranges = lines && rangesOf(lines);
    if (ranges) this.#source.locations[digest] = { locations: [{ sourceIndex: 0, ranges }] };
    return { digest, index: 0 };
  }

  /** Takes over an input of the frontend. @throws Refusal as `NewDefinitionOp` of client/llb does. */
  include(definition: Definition): Input {
    const result = resultOf(definition);
    if (!result) throw new Refusal("invalid nil input definition to definition op");
    for (const bytes of definition.def) {
      const known = definition.metadata[sha256(bytes)];
      if (!known) throw new Refusal(`unknown metas for digest ${sha256(bytes)}`);
      if (bytes !== definition.def.at(-1)) this.#put(Buffer.from(bytes), known);
    }
    return result;
  }

  /** What the result needs, and the result last. */
  definition(result: Input): Definition {
    const needed = new Map<string, Buffer>();
    const visit = ({ digest }: Input): void => {
      const bytes = this.#ops.get(digest);
      if (!bytes || needed.has(digest)) return;
      Op.decode(bytes).inputs.forEach(visit);
      needed.set(digest, bytes);
    };
    visit(result);
    const last = Buffer.from(Op.encode(Op.fromPartial({ inputs: [result] })).finish());
    const digests = [...needed.keys()];
    const chosen = digests.flatMap((digest) => {
      const one = this.#metadata[digest];
      return one ? [[digest, one] as const] : [];
    });
    return Definition.fromPartial({
      def: [...needed.values(), last],
      metadata: { ...Object.fromEntries(chosen), [sha256(last)]: metadata({}) },
      Source: this.#source,
    });
  }

  #put(bytes: Buffer, data: OpMetadata): string {
    const digest = sha256(bytes);
    this.#ops.set(digest, bytes);
    this.#metadata[digest] = data;
    return digest;
  }
}

/** One range a line, as BuildKit's parser has it. */
export function rangesOf({ start, end }: Lines) {
  return Array.from({ length: end - start + 1 }, (_, index) => ({
    start: { line: start + index, character: 0 },
    end: { line: start + index, character: 0 },
  }));
}

export function resultOf({ def }: Definition): Input | undefined {
  const last = def.at(-1);
  return last && Op.decode(last).inputs[0];
}

export interface NamedOp {
  readonly digest: string;
  readonly name: string;
  readonly op: Op;
}

/** All but the last, which only names the result. */
export function opsOf({ def, metadata }: Definition): NamedOp[] {
  return def.slice(0, -1).map((bytes) => {
    const digest = sha256(bytes);
    const name = metadata[digest]?.description["llb.customname"] ?? "";
    return { digest, name, op: Op.decode(bytes) };
  });
}

function metadata(description: Record<string, string>): OpMetadata {
  return { ignore_cache: false, description, export_cache: undefined, caps: {}, progress_group: undefined };
}

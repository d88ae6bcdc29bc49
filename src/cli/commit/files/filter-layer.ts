/**
 * Leaves the data roots out of a layer's tar. All other bytes stay as they are: names need not be UTF-8, and attributes are
 * binary.
 */
import { Readable } from "node:stream";
import { LarderError } from "../../../error.js";
import { fromBytes } from "../../../files/bytes.js";
import { readTar } from "../../../files/read-tar.js";
import { tarEnd, tarPadding } from "../../../files/tar-blocks.js";

/**
 * @param dataRoots absolute paths. The directories themselves stay, and what the layer deletes in them.
 * @returns the tar of the other entries.
 */
export function withoutDataRoots(layer: AsyncIterable<Uint8Array>, dataRoots: readonly string[]): Readable {
  return Readable.from(filter(layer, dataRoots), { objectMode: false });
}

/** Is an entry of this name to stay? @param name as in the tar, a byte a character. */
export function isKept(name: string, dataRoots: readonly string[]): boolean {
  const path = `/${name.replace(/^(\.?\/)+/, "").replace(/\/+$/, "")}`;
  const isInside = dataRoots.some((root) =>
    path.startsWith(`${fromBytes(Buffer.from(root)).replace(/\/+$/, "")}/`),
  );
  return !isInside || path.slice(path.lastIndexOf("/") + 1).startsWith(".wh.");
}

async function* filter(
  layer: AsyncIterable<Uint8Array>,
  dataRoots: readonly string[],
): AsyncGenerator<Buffer> {
  try {
    for await (const { entry, header, content } of readTar(layer)) {
      if (!isKept(entry.name, dataRoots)) continue;
      yield header;
      yield* content;
      yield tarPadding(entry.dataSize);
    }
  } catch (cause) {
    throw new LarderError(`the container's layer: ${(cause as Error).message}`, { cause });
  }
  yield tarEnd;
}

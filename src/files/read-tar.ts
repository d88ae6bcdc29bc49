import { ByteReader } from "./byte-reader.js";
import {
  blockBytes,
  extend,
  extensionSize,
  isZero,
  mapContinues,
  noExtension,
  parseHeader,
  type TarEntry,
} from "./tar-entry.js";

export interface TarMember {
  readonly entry: TarEntry;
  /** The blocks before the data, as they are in the tar. */
  readonly header: Buffer;
  /** The data. Read it before the next member, or not at all. */
  readonly content: AsyncIterable<Buffer>;
}

/** A pax header is small: names have at most some thousand bytes, an attribute 64 KiB. */
const maxExtension = 1 << 20;

/**
 * The entries of a tar, in their order. The stream is read to its end, so that a digest of it is complete.
 * @throws Error for a tar that is cut off, or is none.
 */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const bytes = new ByteReader(stream);
  try {
    let extension = noExtension();
    let header: Buffer[] = [];
    // Some tools leave out the blocks at the end, and Go does not ask for them.
    while (extension.records.size > 0 || !(await bytes.isAtEnd())) {
      const block = await bytes.read(blockBytes);
      if (isZero(block)) break;
      const described = extensionSize(block);
      if (described !== undefined) {
        if (described > maxExtension) throw new Error(`a header of ${described} bytes is none`);
        const padded = await bytes.read(described + (-described & (blockBytes - 1)));
        extend(extension, block, padded.subarray(0, described));
        header.push(block, padded);
        continue;
      }
      const entry = parseHeader(block, extension);
      header.push(block);
      for (let map = block, first = true; mapContinues(map, first); first = false) {
        map = await bytes.read(blockBytes);
        header.push(map);
      }
      const data = bytes.take(entry.dataSize);
      yield { entry, header: Buffer.concat(header), content: data };
      extension = noExtension();
      header = [];
      await data.rest();
      await bytes.skip(-entry.dataSize & (blockBytes - 1));
    }
    await bytes.drain();
  } finally {
    await bytes.close();
  }
}

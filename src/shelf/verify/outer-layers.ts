/** Reads outer layers as streams. */
import { createHash } from "node:crypto";
import type { ByteString } from "../../files/bytes.js";
import { readTar, type TarMember } from "../../files/read-tar.js";
import { cleanPath } from "../layer-names.js";
import type { ImageToVerify } from "./image-to-verify.js";
import type { ShelfFile } from "./shelf-contents.js";

export type OnMember = (path: ByteString, member: TarMember) => Promise<void> | void;

/**
 * @param index of the layer, from 0. @returns the diffID of the layer.
 * @throws Error for a tar that is cut off, or is none.
 */
export async function readOuterLayer(
  image: ImageToVerify,
  index: number,
  onMember: OnMember,
): Promise<string> {
  const hash = createHash("sha256");
  for await (const member of readTar(hashed(await image.openLayer(index), hash))) {
    const path = cleanPath(member.entry.name);
    if (path !== undefined) await onMember(path, member);
  }
  return `sha256:${hash.digest("hex")}`;
}

/** A file with its content, unless it has more bytes than this. */
export async function readShelfFile(member: TarMember, outer: number, most: number): Promise<ShelfFile> {
  const { entry, content } = member;
  if (entry.kind !== "file" || entry.size > most) return { entry, outer };
  const chunks: Buffer[] = [];
  // A chunk is a part of a larger buffer, which would stay in memory with it.
  for await (const chunk of content) chunks.push(Buffer.from(chunk));
  return { entry, outer, content: Buffer.concat(chunks) };
}

export async function* hashed<Chunk extends Uint8Array>(
  stream: AsyncIterable<Chunk>,
  hash: { update(chunk: Chunk): unknown },
): AsyncGenerator<Chunk> {
  for await (const chunk of stream) {
    hash.update(chunk);
    yield chunk;
  }
}

import { mkdir } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { LarderError } from "../../error.js";
import { ByteReader } from "../../files/byte-reader.js";
import type { ByteString } from "../../files/bytes.js";
import { tarEnd, tarHeader, tarPadding } from "../../files/tar-blocks.js";
import { run } from "../../files/tool.js";
import { readOptions } from "../../files/tree.js";
import { showPath, type Whiteouts } from "../../shelf/whiteouts.js";
import { batchesOfEntries, type RecordedEntry } from "../../stores/overlay2/tar-entries.js";
import { chunkBytes, openLayerTar } from "./decompress.js";
import type { LayerInput } from "./layer-input.js";
import { LayerTree } from "./layer-tree.js";
import { startTarReader } from "./tar-reader.js";

/**
 * Unpacks a layer in which the order of entries matters, or the way from a name to its file. The record of the tar tells
 * which entry is the file of a path in the end. Then GNU tar gets another tar, in which each path occurs once, as what it
 * is in the end.
 * @param files gets the layer's files, and loses all that is in it.
 * @throws LarderError whose message follows the name of the layer, if engines do not agree on it.
 */
export async function unpackUnusual(input: LayerInput, record: string, files: string): Promise<Whiteouts> {
  const tree = new LayerTree();
  for await (const entries of batchesOfEntries(record)) for (const entry of entries) tree.add(entry);
  tree.finish();
  // Node cannot remove a path that is longer than the kernel takes.
  await run("rm", ["-rf", files]);
  await mkdir(files);
  const { tar, ended } = await openLayerTar(input);
  const reader = startTarReader("tar", ["--extract", ...readOptions, "-C", files, "--file=-"]);
  // Node throws away what a process wrote if nobody reads it by the time that the process ends.
  const source = new ByteReader(tar.pipe(new PassThrough()));
  try {
    for await (const chunk of inChunks(plainTar(tree, record, source))) await reader.give(chunk);
  } finally {
    tar.destroy();
    // A tool that waits for more would keep the step from its end.
    reader.close();
    // The layer was read to its end before.
    await ended.catch(() => {});
  }
  await reader.done;
  return tree.whiteouts;
}

/** First all directories, then the files in their order, then their further names. */
async function* plainTar(tree: LayerTree, record: string, source: ByteReader): AsyncGenerator<Buffer> {
  for (const { path, attributes = implied } of tree.root.all()) {
    if (path !== "") yield tarHeader({ path, type: "5", ...attributes });
  }
  const links: (readonly [path: ByteString, linkName: ByteString])[] = [];
  let number = 0;
  for await (const entries of batchesOfEntries(record)) {
    for (const entry of entries) {
      const [path, ...others] = tree.pathsOf(number, entry);
      for (const other of others) if (path !== undefined) links.push([other, path]);
      await source.skip(entry.before.length);
      if (path !== undefined)
        yield tarHeader({ path, ...fileOf(entry), ...tree.attributesOf(number, entry) });
      if (path === undefined) await source.skip(entry.size);
      else {
        yield* source.take(entry.size);
        yield tarPadding(entry.size);
      }
      number += 1;
    }
  }
  for (const [path, linkName] of links) yield tarHeader({ path, type: "1", linkName, ...implied });
  yield tarEnd;
}

/** A directory that no entry describes. */
const implied = { mode: 0o755, uid: 0, gid: 0, mtime: "0" };

function fileOf({ name, header, size }: RecordedEntry) {
  const { type, device, isSparse } = header;
  if (isSparse)
    throw new LarderError(`has the file ${showPath(name)} with holes, and names that meet others`);
  return { type, device, size, ...(type === "2" && { linkName: header.linkName }) };
}

/** Joins small pieces, since each one is a write to a pipe. */
async function* inChunks(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    size += piece.length;
    if (size < chunkBytes) continue;
    yield Buffer.concat(waiting);
    [waiting, size] = [[], 0];
  }
  yield Buffer.concat(waiting);
}

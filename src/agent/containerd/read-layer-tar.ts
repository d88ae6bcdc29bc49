import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type ByteString, fromBytes } from "../../files/bytes.js";
import { forEachLine } from "../../files/lines.js";
import { toolEnvironment } from "../../files/tool.js";
import { readOptions } from "../../files/tree.js";
import { type LayerNames, LayerNamesReader } from "../../shelf/layer-names.js";

/** The facts about a layer's tar that are known without unpacking it. */
export interface LayerTar extends LayerNames {
  /** Some entry has an extended attribute (a file capability, mostly). */
  readonly hasXattrs: boolean;
}

const xattrRecord = "SCHILY.xattr.";

/**
 * Reads a layer's blob, a second time if names alone do not tell which directories have an entry.
 * @throws Error with the tools' own words if it is not a tar, or not compressed as its media type says.
 */
export async function readLayerTar(blob: string, mediaType: string): Promise<LayerTar> {
  const reader = new LayerNamesReader();
  let hasXattrs = false;
  async function* scanned(): AsyncGenerator<Buffer> {
    let tail = Buffer.alloc(0);
    for await (const chunk of unpacked(blob, mediaType)) {
      // A record may lie across two chunks.
      if (!hasXattrs) hasXattrs = Buffer.concat([tail, chunk]).includes(xattrRecord);
      tail = Buffer.from(chunk.subarray(-xattrRecord.length));
      yield chunk;
    }
  }
  await listNames(scanned(), (name) => reader.add(name));
  if (reader.isUnsure) await listNames(unpacked(blob, mediaType), (name) => reader.find(name));
  return { ...reader.names, hasXattrs };
}

/** GNU tar lists the names, since it knows every dialect. */
async function listNames(archive: AsyncIterable<Buffer>, onName: (name: ByteString) => void): Promise<void> {
  await readByTar(["--list", "--quoting-style=escape", "--absolute-names"], archive, (line) => {
    if (line.length > 0) onName(unescapeName(fromBytes(line)));
  });
}

/**
 * Unpacks a layer's blob into a directory, without its whiteouts.
 * @throws Error with tar's words, also for a hard link to a file of a layer below.
 */
export async function unpackLayerTar(blob: string, mediaType: string, directory: string): Promise<void> {
  await readByTar(
    ["--extract", "--exclude=.wh.*", ...readOptions, "-C", directory],
    unpacked(blob, mediaType),
  );
}

async function readByTar(
  args: readonly string[],
  archive: AsyncIterable<Buffer>,
  onLine: (line: Buffer) => void = () => {},
): Promise<void> {
  const tar = spawn("tar", [...args, "--file=-"], {
    stdio: ["pipe", "pipe", "pipe"],
    env: toolEnvironment(),
  });
  const ended = new Promise<number | null>((resolve, reject) => tar.on("error", reject).on("close", resolve));
  const said = Promise.all([forEachLine(tar.stdout, onLine), text(tar.stderr), ended]);
  const broken = await pipeline(archive, tar.stdin).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  // tar stops reading at the end of the archive, or at an error, which it reports itself.
  if (broken && !["EPIPE", "ERR_STREAM_PREMATURE_CLOSE"].includes(broken.code ?? "")) throw broken;
  const [, errors, code] = await said;
  if (code !== 0) throw new Error(`tar: ${errors.trim() || `exit code ${code}`}`);
}

/** The uncompressed tar. @throws Error with the tool's words if the blob is not compressed as its media type says. */
async function* unpacked(blob: string, mediaType: string): AsyncGenerator<Buffer> {
  const tool = /[+.]zstd$/.test(mediaType) ? "zstd" : /[+.]gzip$/.test(mediaType) ? "gzip" : undefined;
  if (tool === undefined) return yield* createReadStream(blob, { highWaterMark: 1 << 18 });
  const child = spawn(tool, ["-dc"], { stdio: ["pipe", "pipe", "pipe"], env: toolEnvironment() });
  const ended = new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  const failed = Promise.all([text(child.stderr), ended]);
  // A tool that ends early gives the reason itself.
  pipeline(createReadStream(blob), child.stdin).catch(() => {});
  yield* child.stdout;
  const [errors, code] = await failed;
  if (code !== 0) throw new Error(`${tool}: ${errors.trim() || `exit code ${code}`}`);
}

const letters: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/**
 * Undoes `--quoting-style=escape` in the locale C: a backslash before three octal digits, a letter or another
 * backslash.
 */
function unescapeName(line: string): ByteString {
  return line.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (letters[code] ?? code),
  );
}

import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { type ByteString, toBytes } from "../../files/bytes.js";
import { toolEnvironment } from "../../files/tool.js";
import { blockSize } from "./tar-header.js";

/** A regular file with facts that Node cannot read. */
export interface ReadFile {
  /** The value of `security.capability`. */
  readonly capability: Buffer | undefined;
  /** Read it before the next file is requested, or not at all. */
  readonly content: AsyncIterable<Buffer>;
}

/** GNU tar is the only available program that reads extended attributes, and it is fast with many small files. */
const options = [
  "--format=posix",
  "--xattrs",
  "--xattrs-include=security.capability",
  "--no-recursion",
  // A comparison of two trees may ask for a file by several of its names.
  "--hard-dereference",
  "--null",
  "--verbatim-files-from",
];
const capabilityRecord = "SCHILY.xattr.security.capability";

/**
 * Reads regular files of a tree in the given order.
 * @throws Error with tar's own words if a file cannot be read.
 */
export async function* readFiles(
  root: string,
  files: readonly { readonly path: ByteString; readonly size: bigint }[],
): AsyncGenerator<ReadFile> {
  if (files.length === 0) return;
  const tar = spawn("tar", [...options, "-C", root, "--files-from=-", "-cf", "-"], {
    stdio: ["pipe", "pipe", "pipe"],
    env: toolEnvironment(),
  });
  const closed = new Promise<number | null>((resolve, reject) =>
    tar.on("error", reject).on("close", resolve),
  );
  const ended = Promise.all([closed, text(tar.stderr)]);
  // This is awaited below; until then, nothing handles a rejection.
  ended.catch(() => {});
  tar.stdin.on("error", () => {});
  tar.stdin.end(toBytes(files.map(({ path }) => `${path}\0`).join("")));
  const archive = new Archive(tar.stdout);
  try {
    for (const { size } of files) {
      if (!(yield* readEntry(archive, size))) break;
    }
    await archive.skipAll();
    const [code, errors] = await ended;
    if (code !== 0) throw new Error(`reading files of ${root}: ${errors.trim().slice(0, 500)}`);
  } finally {
    tar.kill();
  }
}

/** @returns false at the end of the archive: tar has met an error, and will report it. */
async function* readEntry(archive: Archive, size: bigint): AsyncGenerator<ReadFile, boolean> {
  let capability: Buffer | undefined;
  for (;;) {
    const header = await archive.read(blockSize);
    const type = header.toString("latin1", 156, 157);
    if (header.length < blockSize || type === "\0") return false;
    if (type !== "x") break;
    const length = Number.parseInt(header.toString("latin1", 124, 135), 8);
    capability = paxValue(await archive.read(padded(length)), length, capabilityRecord);
  }
  const content = archive.take(Number(size));
  yield { capability, content };
  for await (const _ of content);
  await archive.read(padded(Number(size)) - Number(size));
  return true;
}

function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}

/** A record is `<its length> <key>=<value>\n`; the value may have any bytes. */
function paxValue(data: Buffer, length: number, wanted: string): Buffer | undefined {
  for (let start = 0; start < length; ) {
    const space = data.indexOf(" ", start);
    const end = start + Number.parseInt(data.toString("latin1", start, space), 10);
    const equals = data.indexOf("=", space);
    if (data.toString("latin1", space + 1, equals) === wanted) return data.subarray(equals + 1, end - 1);
    start = end;
  }
  return undefined;
}

/** Splits a stream into pieces of given lengths. */
class Archive {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** The next bytes in the chunks of the stream; fewer only at the end. */
  async *take(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#chunks.next();
        if (done) return;
        this.#rest = value as Buffer;
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async read(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.take(length)) pieces.push(piece);
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  }

  async skipAll(): Promise<void> {
    for await (const _ of this.take(Number.MAX_SAFE_INTEGER));
  }
}

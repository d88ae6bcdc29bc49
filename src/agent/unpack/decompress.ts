import { type ChildProcess, spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { toolEnvironment } from "../../files/tool.js";
import type { LayerInput } from "./layer-input.js";

/** A layer's tar, while it is decompressed. */
export interface LayerTarStream {
  readonly tar: Readable;
  /** Rejects with the tool's own words if the blob cannot be decompressed. */
  readonly ended: Promise<void>;
}

/** Compressions that engines know, by their first bytes. The media type may be wrong, and Docker does not look at it. */
const tools: readonly { readonly magic: Buffer; readonly command: readonly string[] }[] = [
  // Some three times as fast as gzip.
  { magic: Buffer.from([0x1f, 0x8b]), command: ["igzip", "--decompress", "--stdout"] },
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), command: ["zstd", "--decompress", "--stdout", "--quiet"] },
];

/** zstd:chunked and eStargz may begin with frames that decompress to nothing. */
function isSkippable(start: Buffer): boolean {
  return start.length === 4 && start.readUInt32LE() >>> 4 === 0x184d2a5;
}

export async function openLayerTar(layer: LayerInput): Promise<LayerTarStream> {
  return layer.kind === "blob" ? openBlob(layer.path) : assembleTar(layer);
}

/** Docker's own way to make a layer's tar of its files. */
function assembleTar({ files, tarSplit }: Extract<LayerInput, { kind: "files" }>): LayerTarStream {
  const args = ["asm", "--input", tarSplit, "--path", files, "--output", "-"];
  const child = spawn("tar-split", args, { stdio: ["ignore", "pipe", "pipe"], env: toolEnvironment() });
  const ended = outcome(child, "tar-split");
  ended.catch(() => {});
  return { tar: child.stdout, ended };
}

/** @param blob Path of the file. */
async function openBlob(blob: string): Promise<LayerTarStream> {
  const file = await open(blob);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
  await file.close();
  const start = buffer.subarray(0, bytesRead);
  const command = tools.find(({ magic }) => start.subarray(0, magic.length).equals(magic))?.command;
  const [tool, ...args] = isSkippable(start)
    ? ["zstd", "--decompress", "--stdout", "--quiet"]
    : (command ?? []);
  if (tool === undefined) {
    const tar = createReadStream(blob, { highWaterMark: chunkBytes });
    return { tar, ended: Promise.resolve() };
  }
  const input = await open(blob);
  const child = spawn(tool, args, { stdio: [input.fd, "pipe", "pipe"], env: toolEnvironment() });
  const ended = outcome(child, tool).finally(() => input.close());
  ended.catch(() => {});
  return { tar: child.stdout as Readable, ended };
}

export const chunkBytes = 1 << 20;

async function outcome(child: ChildProcess, tool: string): Promise<void> {
  const code = new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  const [words, status] = await Promise.all([child.stderr ? text(child.stderr) : "", code]);
  if (status !== 0) throw new Error(`${tool}: ${words.trim().split("\n").at(-1) || `exit code ${status}`}`);
}

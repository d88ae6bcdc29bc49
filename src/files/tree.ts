import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, opendir } from "node:fs/promises";
import type { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type ByteString, toBytes } from "./bytes.js";
import { run, toolEnvironment } from "./tool.js";

/**
 * GNU tar keeps owner, mode, nanoseconds, hard links and extended attributes. overlayfs has its bookkeeping in
 * attributes of its own, which are not part of the files.
 */
const writeOptions = [
  "--format=posix",
  "--xattrs",
  "--xattrs-include=*",
  "--xattrs-exclude=trusted.overlay.*",
  "--xattrs-exclude=user.overlay.*",
  "--numeric-owner",
  "--sparse",
  "--no-recursion",
  "--null",
  "--verbatim-files-from",
];
/** tar reads the list at the option's position: after `-C`. */
const listed = ["--files-from=-", "-cf", "-"];
/** In a list sorted bytewise, `a.pm` is between `a` and `a/b`, so tar must set the times of `a` at its end. */
export const readOptions: readonly string[] = [
  "--delay-directory-restore",
  "--xattrs",
  "--xattrs-include=*",
  "--numeric-owner",
  "--same-owner",
  "-p",
];

/** All paths below a directory, except 0/0 devices, which are whiteouts. A directory comes before its content. */
export async function* walkTree(directory: string, parent: ByteString = ""): AsyncGenerator<ByteString> {
  const names = await opendir(toBytes(`${directory}/${parent}`) as unknown as string, { encoding: bytes });
  for await (const entry of names) {
    const path = parent + (entry.name as unknown as Buffer).toString("latin1");
    if (entry.isCharacterDevice() && (await lstat(toBytes(`${directory}/${path}`))).rdev === 0) continue;
    yield path;
    if (entry.isDirectory()) yield* walkTree(directory, `${path}/`);
  }
}

/** Names are bytes, but the types of Node allow that for `readdir` alone. */
const bytes = "buffer" as BufferEncoding;

/** Copies all paths of {@link walkTree} from one directory to another that exists. */
export async function copyTree(from: string, to: string): Promise<void> {
  const stdio = ["pipe", "pipe", "pipe"] as const;
  const writer = spawn("tar", [...writeOptions, "-C", from, ...listed], {
    stdio: [...stdio],
    env: toolEnvironment(),
  });
  const reader = spawn("tar", [...readOptions, "-C", to, "-xf", "-"], {
    stdio: [...stdio],
    env: toolEnvironment(),
  });
  const errors = Promise.all([
    text(writer.stderr),
    text(reader.stderr),
    once(writer, "close"),
    once(reader, "close"),
  ]);
  const listing = writeList(from, writer.stdin);
  await pipeline(writer.stdout, reader.stdin).catch(() => {});
  const [writeError, readError, [writeCode], [readCode]] = await errors;
  if (writeCode !== 0 || readCode !== 0) {
    throw new Error(`copying ${from} to ${to}: ${(readError || writeError).trim().slice(0, 500)}`);
  }
  await listing;
}

/** Packs all paths of {@link walkTree} into an archive. */
export async function packTree(from: string, file: string): Promise<void> {
  const tar = spawn("tar", [...writeOptions, "-C", from, "--files-from=-", "-cf", file], {
    stdio: ["pipe", "ignore", "pipe"],
    env: toolEnvironment(),
  });
  const ended = Promise.all([text(tar.stderr), once(tar, "close")]);
  const listing = writeList(from, tar.stdin);
  const [words, [code]] = await ended;
  if (code !== 0) throw new Error(`packing ${from}: ${words.trim().slice(0, 500)}`);
  await listing;
}

/** Writes the list. A tool that ends early gives the reason itself, but an unreadable directory is an error here. */
function writeList(directory: string, stdin: Writable): Promise<void> {
  const list = pipeline(async function* () {
    for await (const path of walkTree(directory)) yield fileList([path]);
  }, stdin);
  list.catch(() => {});
  return list;
}

/** Packs directories without their content: their owner, mode and times can be laid over others later. */
export async function packDirectories(root: string, paths: readonly string[]): Promise<Buffer> {
  return run("tar", [...writeOptions, "-C", root, ...listed], { input: fileList(paths) });
}

/** Gives the directories in `root` the owner, mode and times that the archive has for them. */
export async function unpackDirectories(
  archive: Buffer,
  root: string,
  paths: readonly string[],
): Promise<void> {
  const packed = new Set((await run("tar", ["-tf", "-"], { input: archive })).toString("latin1").split("\n"));
  const members = paths.map((path) => `./${path}/`).filter((member) => packed.has(member));
  if (members.length === 0) return;
  const options = [...readOptions, "--no-recursion", "-C", root, "-xf", "-"];
  await run("tar", [...options, ...members], { input: archive });
}

function fileList(paths: readonly ByteString[]): Buffer {
  return toBytes(paths.map((path) => `./${path}\0`).join(""));
}

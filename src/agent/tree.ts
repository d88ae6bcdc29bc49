import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, readdir } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type ByteString, compare, toBytes } from "../store/bytes.js";
import { run, toolEnvironment } from "../store/tool.js";

/**
 * GNU tar keeps all that makes a file: owner, mode, nanoseconds, hard links, extended attributes. Those of
 * overlayfs are its bookkeeping in the directory that is copied, not part of the files.
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
/** tar reads the list where the option stands: after `-C`. */
const listed = ["--files-from=-", "-cf", "-"];
/** A list sorted bytewise has `a.pm` between `a` and `a/b`: tar must set the times of `a` at its end. */
const readOptions = [
  "--delay-directory-restore",
  "--xattrs",
  "--xattrs-include=*",
  "--numeric-owner",
  "--same-owner",
  "-p",
];

/** All paths below a directory, sorted bytewise, but 0/0 devices: those are whiteouts. */
export async function listTree(directory: string): Promise<ByteString[]> {
  const paths: ByteString[] = [];
  const visit = async (parent: ByteString): Promise<void> => {
    const here = `${directory}/${parent}`;
    const entries = await readdir(toBytes(here), { withFileTypes: true, encoding: "buffer" });
    for (const entry of entries) {
      const path = parent + (entry.name as unknown as Buffer).toString("latin1");
      if (entry.isCharacterDevice() && (await lstat(toBytes(`${directory}/${path}`))).rdev === 0) continue;
      paths.push(path);
      if (entry.isDirectory()) await visit(`${path}/`);
    }
  };
  await visit("");
  return paths.sort(compare);
}

/** Copies these paths, and nothing else, from one directory to another that exists. */
export async function copyTree(from: string, to: string, paths: readonly ByteString[]): Promise<void> {
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
  writer.stdin.on("error", () => {});
  writer.stdin.end(fileList(paths));
  await pipeline(writer.stdout, reader.stdin).catch(() => {});
  const [writeError, readError, [writeCode], [readCode]] = await errors;
  if (writeCode !== 0 || readCode !== 0) {
    throw new Error(`copying ${from} to ${to}: ${(readError || writeError).trim().slice(0, 500)}`);
  }
}

/** Packs these paths of a directory, and nothing else, into an archive. */
export async function packTree(from: string, file: string, paths: readonly ByteString[]): Promise<void> {
  await run("tar", [...writeOptions, "-C", from, "--files-from=-", "-cf", file], { input: fileList(paths) });
}

/** Packs directories without what is in them, to lay their owner, mode and times over others later. */
export async function packDirectories(root: string, paths: readonly string[]): Promise<Buffer> {
  return run("tar", [...writeOptions, "-C", root, ...listed], { input: fileList(paths) });
}

/** Lays those of these directories that the archive has over the ones in `root`. */
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

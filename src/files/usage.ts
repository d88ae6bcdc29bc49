import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { forEachLine } from "./lines.js";
import { toolEnvironment } from "./tool.js";

/** What a snapshot takes, as containerd counts it: the disk blocks of all inodes, directories too. */
export interface Usage {
  readonly bytes: number;
  readonly inodes: number;
}

/** A directory's files in figures. */
export interface TreeSizes {
  /** Bytes of all files, each inode once, as Docker counts them. */
  readonly size: number;
  readonly usage: Usage;
  /** Character devices, which are whiteouts if their number is 0/0. Most layers have none. */
  readonly devices: readonly string[];
}

const block = 4096;
/** ext4 keeps the target of a shorter link in the inode. */
const shortLink = 60;

/**
 * Counts blocks as ext4 has them, whatever the file system here, so that the figures depend on the files alone. Of the
 * files, only hard links stay in memory.
 */
export async function measureTree(directory: string): Promise<TreeSizes> {
  let [size, bytes, inodes] = [0, 0, 0];
  const devices: string[] = [];
  const linked = new Set<string>();
  await find(directory, "%y %n %i %s %P\\0", (line) => {
    const [kind = "", links, inode = "", length = "0"] = line.split(" ", 4);
    if (kind !== "d" && links !== "1") {
      if (linked.has(inode)) return;
      linked.add(inode);
    }
    inodes += 1;
    if (kind === "d") bytes += block;
    if (kind === "c") devices.push(line.split(" ").slice(4).join(" "));
    if (kind !== "f" && kind !== "l") return;
    size += Number(length);
    if (kind === "f" || Number(length) >= shortLink) bytes += Math.ceil(Number(length) / block) * block;
  });
  return { size, usage: { bytes, inodes }, devices };
}

/** Records end with a NUL, since names may have newlines. */
async function find(directory: string, format: string, onRecord: (record: string) => void): Promise<void> {
  const child = spawn("find", [directory, "-printf", format], {
    stdio: ["ignore", "pipe", "pipe"],
    env: toolEnvironment(),
  });
  const ended = new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  const record = (bytes: Buffer): void => onRecord(bytes.toString("latin1"));
  const [words, code] = await Promise.all([text(child.stderr), ended, forEachLine(child.stdout, record, 0)]);
  if (code !== 0) throw new Error(`find: ${words.trim() || `exit code ${code}`}`);
}

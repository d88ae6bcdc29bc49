import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { LarderError } from "../error.js";
import { toolEnvironment } from "../files/tool.js";
import type { DiffId } from "../image/digest.js";
import { onShelf, shelf } from "../shelf/paths.js";

/**
 * A digest of all facts that an image layer keeps of files: times in whole seconds, of extended attributes only
 * capabilities, and no sparseness.
 * @param userNamespace a file's capabilities look different there, from one mount to the next.
 */
export async function digestOfTree(directory: string, userNamespace: boolean): Promise<string> {
  const options = [
    "--format=posix",
    "--sort=name",
    "--numeric-owner",
    "--pax-option=exthdr.name=%d/%f,delete=atime,delete=ctime,delete=mtime",
    ...(userNamespace ? [] : ["--xattrs", "--xattrs-include=security.capability"]),
  ];
  const tar = spawn("tar", [...options, "-C", directory, "-cf", "-", "."], {
    stdio: ["ignore", "pipe", "pipe"],
    env: toolEnvironment(),
  });
  const hash = createHash("sha256");
  const [words, [code]] = await Promise.all([
    text(tar.stderr),
    once(tar, "close"),
    pipeline(tar.stdout, hash),
  ]);
  if (code !== 0) throw new Error(`reading ${directory}: ${words.trim().slice(0, 500)}`);
  return hash.digest("hex");
}

/** A layer's folder on the stage's shelf is not as a PRELOAD left it. @param isClaimed The stage says that it has the layer. */
export function changedShelf(diffId: DiffId, what: string, isClaimed = true): LarderError {
  return new LarderError(
    `layer ${diffId} ${isClaimed ? "is on" : "would come onto"} the shelf of the stage's base image, and its ` +
      `/${shelf}/${onShelf.layer(diffId)} ${what}: it was changed after its PRELOAD; build FROM an image whose /${shelf} ` +
      "is as PRELOAD left it",
  );
}

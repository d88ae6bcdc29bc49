/** The shelf of an earlier PRELOAD, which a base image brings: it is looked at before it is believed. */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { lstat, mkdir, rm } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { LarderError } from "../../error.js";
import { hexOf } from "../../store/chain.js";
import type { Store } from "../../store/store.js";
import { toolEnvironment } from "../../store/tool.js";
import { mount, type StockJob, shelf } from "../job.js";
import { writeLayerFolder } from "../layer-folder.js";

const directories = [
  "usr",
  "usr/lib",
  shelf,
  ...["bin", "layers", "catalog", "blobs", "blobs/sha256"].map((name) => `${shelf}/${name}`),
];

/**
 * The shelf is an outer layer of its own, which would put a directory where the stage has a link; and what is read from a
 * link would not be the stage's own.
 */
export async function checkShelfDirectories(stage: string): Promise<void> {
  for (const path of directories) {
    const found = await lstat(`${stage}/${path}`).catch(() => undefined);
    if (found && !found.isDirectory())
      throw new LarderError(`the stage's /${path} is not a directory, so the images have no place`);
  }
}

/**
 * Compares the layers that the stage's image says it holds with what the daemon unpacked: the build adds no outer layer
 * for these.
 * @throws LarderError naming the first layer that is missing or another.
 */
export async function checkClaimedLayers(job: StockJob, store: Store): Promise<void> {
  const added = new Set(job.layers.flat());
  const claimed = new Map(
    job.images.flatMap(({ reference, diffIds }) => diffIds.map((diffId) => [diffId, reference] as const)),
  );
  for (const diffId of claimed.keys()) {
    if (added.has(diffId)) continue;
    const problem = await differenceOnShelf(job, store, diffId);
    if (problem) {
      throw new LarderError(
        `the history of the stage's base image says that it holds layer ${diffId}, but its /${shelf}/layers/${hexOf(diffId)} ` +
          `${problem}: it was changed after its PRELOAD; build FROM an image whose /${shelf} is as PRELOAD left it`,
      );
    }
  }
}

async function differenceOnShelf(job: StockJob, store: Store, diffId: string): Promise<string | undefined> {
  const folder = `${shelf}/layers/${hexOf(diffId)}`;
  const found = await lstat(`${mount.stage}/${folder}`).catch(() => undefined);
  if (!found) return "is missing";
  const own = `${mount.work}/larder-own`;
  await mkdir(own);
  try {
    await writeLayerFolder(await store.layer(diffId), own);
    const [expected, actual] = await Promise.all(
      [own, mount.stage].map((root) => digestOfTree(`${root}/${folder}`, job.stage === "read-only")),
    );
    return expected === actual ? undefined : "has other files";
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/**
 * All that an image layer keeps of files, and no more: times in whole seconds, no sparseness.
 * @param userNamespace a file's capabilities look different there, from one mount to the next.
 */
async function digestOfTree(directory: string, userNamespace: boolean): Promise<string> {
  const options = [
    "--format=posix",
    "--sort=name",
    "--numeric-owner",
    "--pax-option=exthdr.name=%d/%f,delete=atime,delete=ctime,delete=mtime",
    "--xattrs",
    userNamespace ? "--xattrs-include=user.*" : "--xattrs-include=*",
    "--xattrs-exclude=trusted.overlay.*",
    "--xattrs-exclude=user.overlay.*",
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

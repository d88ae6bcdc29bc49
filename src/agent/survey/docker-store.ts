/**
 * The store that Docker will use, by the stage's files. The rules are those of src/attach/docker-store.sh, which
 * decides the same at the container's start; one table of cases tests both.
 */
import { readdir } from "node:fs/promises";
import { LarderError } from "../../error.js";
import type { DockerStoreName } from "../../stores/table.js";
import { resolveInStage } from "../stage-path.js";
import { type DockerSettings, readDockerSettings } from "./docker-settings.js";
import { firstWithContainerdStore } from "./docker-version.js";

export type DockerStore =
  /** A Docker with both stores may choose `also` at its start: its settings may be others by then. */
  | { readonly primary: "overlay2"; readonly also?: "containerd" }
  | { readonly primary: "containerd"; readonly also?: "overlay2" };

const graphDrivers = ["overlay2", "fuse-overlayfs", "btrfs", "zfs", "vfs"];
/** Those that a data root may have been used with, in Docker's order. Docker passes over vfs. */
const priorDrivers = ["overlay2", "fuse-overlayfs", "btrfs", "zfs"];

/**
 * @param env of the stage (`NAME=value`). @param args dockerd's arguments. @param major of Docker's version.
 * @throws LarderError if the store is none that PRELOAD knows.
 */
export async function chooseDockerStore(
  stage: string,
  env: readonly string[],
  args: readonly string[],
  major: number,
): Promise<DockerStore> {
  const settings = await readDockerSettings(stage, env, args);
  refuseOtherUsers(settings);
  const primary = await choose(stage, settings, major);
  if (major < firstWithContainerdStore) return { primary };
  return primary === "overlay2" ? { primary, also: "containerd" } : { primary, also: "overlay2" };
}

async function choose(stage: string, settings: DockerSettings, major: number): Promise<DockerStoreName> {
  const { root, driver } = settings;
  const feature = major < firstWithContainerdStore ? undefined : settings.snapshotter;
  const prior = await findPriorDriver(stage, root);
  const held = prior === undefined ? undefined : { value: prior, by: `what the stage's ${root} holds` };
  if (feature?.value === true) return snapshotterStore(driver);
  if (feature || major < 29 || held) return graphDriverStore(driver ?? held);
  return driver && graphDrivers.includes(driver.value) ? graphDriverStore(driver) : snapshotterStore(driver);
}

function snapshotterStore(driver: DockerSettings["driver"]): DockerStoreName {
  if (!driver || driver.value === "overlayfs") return "containerd";
  throw otherStore(`containerd's snapshotter ${driver.value}`, driver.by);
}

function graphDriverStore(driver: DockerSettings["driver"]): DockerStoreName {
  if (!driver || driver.value === "overlay2") return "overlay2";
  throw otherStore(`the graph driver ${driver.value}`, driver.by);
}

function otherStore(what: string, by: string): LarderError {
  return new LarderError(
    `the stage's Docker keeps its images with ${what} (${by}), and PRELOAD knows the graph driver overlay2 and ` +
      "containerd's snapshotter overlayfs: leave that out above PRELOAD; or, if Docker starts with other settings, " +
      "write --store=docker-overlay2 or --store=docker-containerd",
  );
}

function refuseOtherUsers({ remap, rootless }: DockerSettings): void {
  if (rootless !== undefined) {
    throw new LarderError(
      `the stage's Docker is rootless (${rootless}), and the files of the inner images belong to users that it ` +
        "does not have: start dockerd as root",
    );
  }
  if (remap !== undefined) {
    throw new LarderError(
      `the stage's Docker remaps users (${remap}), and the files of the inner images belong to others than it will ` +
        "have: leave userns-remap out above PRELOAD; or, if Docker starts without it, write --store=docker-overlay2 " +
        "or --store=docker-containerd",
    );
  }
}

async function findPriorDriver(stage: string, root: string): Promise<string | undefined> {
  for (const driver of priorDrivers) {
    const directory = await resolveInStage(stage, `${root}/${driver}`);
    if (directory === undefined) continue;
    if ((await readdir(stage + directory).catch(() => [])).length > 0) return driver;
  }
  return undefined;
}

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { build } from "../harness/build.js";
import { atEnd } from "../harness/cleanup.js";
import { docker, tryDocker } from "../harness/docker.js";
import {
  type DockerStore,
  type DockerVersion,
  dockerStage,
  type EngineName,
  lab,
  labImage,
  needsDocker,
} from "../harness/lab.js";
import type { SystemContainer } from "../harness/system-container.js";

const targets = ["odd", "second", "derived", "newer"] as const;
type Target = (typeof targets)[number];

/** The output of a container of each inner image. */
const prints: Readonly<Record<Target, string>> = {
  odd: ". ./again ./again/new ./kept ./kept/stays\n",
  second: "second\n",
  derived: ". ./again ./again/new ./derived ./kept\n",
  newer: "newer\n",
};

export function innerImage(target: Target, tag = "1"): string {
  return labImage(`e2e/attach-${target}:${tag}`);
}

/** Builds one of the inner images with upstream, and pushes it. */
export async function pushTarget(target: Target, reference = innerImage(target)): Promise<string> {
  const dockerfile = readFileSync(new URL("Dockerfile", import.meta.url), "utf8");
  const args = ["--push", "--target", target, "--build-arg", `REGISTRY=${lab.registry}`];
  await build({ larder: false, allowInsecure: false, dockerfile, tag: reference, args });
  return reference;
}

/** The stores in which the inner Docker may keep images. */
export const stores = ["overlay2", "containerd"] as const;
export type Store = DockerStore;

export interface InnerDocker {
  readonly version: DockerVersion;
  readonly store: Store;
}

/** Makes a suite for each store of Docker 28 and of Docker 29. The latter is skipped if the lab has none. */
export function forEachDocker(title: string, suite: (system: InnerDocker) => void): void {
  for (const version of ["28.5", "29.9"] as const) {
    for (const store of stores) {
      describe(`${title}, Docker ${version} with ${store}`, () => {
        before(function () {
          needsDocker(this, version);
        });
        suite({ version, store });
      });
    }
  }
}

export interface System extends Partial<InnerDocker> {
  /** The engine that builds it. */
  readonly engine?: EngineName;
  readonly isShared?: boolean;
}

/** The root that attach fills, below Docker's data root. */
export function attachedRoot(store: Store, dataRoot = "/var/lib/docker"): string {
  return store === "overlay2" ? dataRoot : `${dataRoot}/containerd/daemon`;
}

const dockerfileOf = (images: readonly string[], { version, store }: InnerDocker) => `
${dockerStage(version, store, { "insecure-registries": [lab.registry] })}
${images.length > 0 ? `PRELOAD ${images.join(" ")}` : ""}
`;

/** A system image that preloads the images; flags may stand before them. Without images, it has nothing of Larder's. */
export async function buildSystem(
  name: string,
  images: readonly string[],
  { version = "28.5", store = "overlay2", engine = "containerd", isShared = false }: System = {},
): Promise<string> {
  const tag = `${name}:${version}-${store}`;
  const dockerfile = dockerfileOf(images, { version, store });
  await build({ engine, tag, larder: images.length > 0, dockerfile, isShared });
  return tag;
}

const shared = new Map<string, Promise<string>>();

/** The system image of most tests. It has `odd` and `second`, with four layers in all. */
export function systemImage(system: System = {}): Promise<string> {
  const { version = "28.5", store = "overlay2", engine = "containerd" } = system;
  const make = async () => {
    const images = [await pushTarget("odd"), await pushTarget("second")];
    return buildSystem("e2e-attach", images, { version, store, engine, isShared: true });
  };
  const key = `${version} ${store} ${engine}`;
  const image = shared.get(key) ?? make();
  shared.set(key, image);
  return image;
}

/** Asserts that the inner Docker has the images, and runs them with exactly their files. */
export async function assertRuns(
  container: SystemContainer,
  ...images: readonly (Target | readonly [string, Target])[]
): Promise<void> {
  const listed = await listImages(container);
  for (const image of images) {
    const [reference, target] = typeof image === "string" ? [innerImage(image), image] : image;
    assert.ok(listed.includes(reference), `${reference} is listed: ${listed.join(" ")}`);
    const said = await container.try("docker", "run", "--rm", "--network", "none", reference);
    assert.equal(said.stdout, prints[target], `${reference}: ${said.stderr}`);
  }
}

/** References of the inner Docker's images. */
export async function listImages(container: SystemContainer): Promise<string[]> {
  const text = await container.inner("image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
  return text.split("\n").filter((line) => line !== "");
}

/** The lines that attach printed, in the order of the starts. */
export async function attachLines(container: SystemContainer): Promise<string[]> {
  return (await container.logs()).split("\n").filter((line) => line.startsWith("larder:"));
}

/** A new volume. @returns the arguments of `docker run` that make it the data root. */
export async function newVolume(
  engine: EngineName = "containerd",
  dataRoot = "/var/lib/docker",
): Promise<string[]> {
  const name = (await docker(["volume", "create"], { engine })).trim();
  atEnd(() => tryDocker(["volume", "rm", "--force", name], { engine }));
  return ["--volume", `${name}:${dataRoot}`];
}

/** Runs a shell program in a container of the image, without an inner daemon. @returns its output. */
export function shell(
  image: string,
  program: string,
  {
    engine = "containerd",
    privilege = ["--privileged"],
    args = [],
  }: { engine?: EngineName; privilege?: readonly string[]; args?: readonly string[] } = {},
): Promise<string> {
  const flags = ["run", "--rm", ...privilege, "--network", "none", "--entrypoint", "sh", ...args];
  return docker([...flags, image, "-c", program], { engine });
}

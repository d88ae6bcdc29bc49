import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "../harness/build.js";
import { atEndOfFile } from "../harness/cleanup.js";
import { docker, tryDocker } from "../harness/docker.js";
import { type DockerVersion, lab, labImage } from "../harness/lab.js";

export const folderOf = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

const file = (name: string) => readFileSync(new URL(`dind/${name}`, import.meta.url), "utf8");
const made = new Map<DockerVersion, Promise<string>>();

/** Pushes an image that starts as `docker:29-dind` does. @returns its name. */
export function dindImage(version: DockerVersion): Promise<string> {
  const image = made.get(version) ?? pushDind(version);
  made.set(version, image);
  return image;
}

async function pushDind(version: DockerVersion): Promise<string> {
  const tag = labImage(`e2e/examples-dind:${version}`);
  const base = `BASE=${labImage(`docker:${version}`)}`;
  const files = { "dockerd-entrypoint.sh": file("dockerd-entrypoint.sh") };
  const args = ["--push", "--build-arg", base];
  await build({ larder: false, dockerfile: file("Dockerfile"), files, tag, args });
  return tag;
}

/** Builds an example with the lab's images in place of the public ones. */
export async function buildExample(
  name: string,
  settings: Readonly<Record<string, string>>,
  tag: string,
): Promise<void> {
  const all = Object.entries({ BUILDKIT_SYNTAX: lab.frontend, REGISTRY: lab.registry, ...settings });
  const args = all.flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]);
  const common = [
    "buildx",
    "build",
    "--progress",
    "plain",
    "--allow",
    "network.host",
    "--tag",
    tag,
    "--load",
  ];
  await docker([...common, ...args, folderOf(name)]);
  atEndOfFile(() => tryDocker(["image", "rm", "--force", tag]));
}

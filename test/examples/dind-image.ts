import { readFileSync } from "node:fs";
import { build } from "../harness/build.js";
import { type DockerVersion, labImage } from "../harness/lab.js";

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

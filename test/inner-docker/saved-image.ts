import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { dockerHost } from "../harness/docker.js";
import { lab } from "../harness/lab.js";
import type { SystemContainer } from "../harness/system-container.js";

/** An image in the output of `docker save`. */
export interface SavedImage {
  readonly tags: readonly string[];
  /** Digest of the config. */
  readonly imageId: string;
  /** Digests of its layers' tars, bottom layer first. */
  readonly layers: readonly string[];
}

interface SavedFile {
  readonly digest: string;
  /** Relative target of a symbolic link: Docker before 25 writes one for a layer that is in the archive already. */
  readonly target?: string | null | undefined;
}

/** `docker save` in one system container, `docker load` in another. */
export async function transfer(
  from: SystemContainer,
  to: SystemContainer,
  ...references: readonly string[]
): Promise<void> {
  const [save, load] = [from.spawn("docker", "save", ...references), to.spawn("docker", "load")];
  const ended = (child: typeof save, what: string) =>
    new Promise<void>((resolve, reject) => {
      const errors = text(child.stderr);
      child.on("close", async (status) =>
        status === 0 ? resolve() : reject(new Error(`${what}: exit status ${status}\n${await errors}`)),
      );
    });
  load.stdout.resume();
  await Promise.all([
    ended(save, "docker save"),
    ended(load, "docker load"),
    pipeline(save.stdout, load.stdin),
  ]);
}

/** Runs `docker save` in the system container and reads its output. */
export async function saveImages(
  container: SystemContainer,
  ...references: readonly string[]
): Promise<SavedImage[]> {
  const child = spawn(lab.docker, ["exec", container.id, "docker", "save", ...references], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, DOCKER_HOST: dockerHost() },
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const files = new Map<string, SavedFile>();
  let manifest = "[]";
  const archive = extract();
  const reading = (async () => {
    for await (const entry of archive) {
      const hash = createHash("sha256");
      const chunks: Buffer[] = [];
      for await (const chunk of entry as AsyncIterable<Buffer>) {
        hash.update(chunk);
        if (entry.header.name === "manifest.json") chunks.push(chunk);
      }
      if (entry.header.name === "manifest.json") manifest = Buffer.concat(chunks).toString("utf8");
      files.set(entry.header.name, { digest: `sha256:${hash.digest("hex")}`, target: entry.header.linkname });
    }
  })();
  const [status, errors] = await Promise.all([
    ended,
    text(child.stderr),
    pipeline(child.stdout, archive),
    reading,
  ]);
  if (status !== 0) throw new Error(`docker save ${references.join(" ")}: exit status ${status}\n${errors}`);
  const images = JSON.parse(manifest) as { RepoTags: string[] | null; Config: string; Layers: string[] }[];
  return images.map(({ RepoTags, Config, Layers }) => ({
    tags: RepoTags ?? [],
    imageId: digestOf(files, Config),
    layers: Layers.map((name) => digestOf(files, name)),
  }));
}

function digestOf(files: ReadonlyMap<string, SavedFile>, name: string): string {
  const file = files.get(name);
  if (!file) throw new Error(`docker save wrote no ${name}`);
  return file.target
    ? digestOf(files, new URL(file.target, `file:///${name}`).pathname.slice(1))
    : file.digest;
}

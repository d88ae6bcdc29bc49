/** System containers whose inner images were pulled, loaded and built by hand. */
import assert from "node:assert/strict";
import type { CommitResult } from "../../../src/cli/commit/run-commit.js";
import { layerTar, pushHandMade } from "../../exact-files/hand-made.js";
import { build } from "../../harness/build.js";
import { docker, spawnDocker } from "../../harness/docker.js";
import { dockerStage, type EngineName, lab, labImage } from "../../harness/lab.js";
import { type RegistryImage, registryImage } from "../../harness/registry-image.js";
import { SystemContainer, type SystemOptions } from "../../harness/system-container.js";
import { larder } from "../larder.js";

export interface System {
  readonly name: string;
  readonly daemon: "docker" | "containerd";
  /** Lines of its Dockerfile. */
  readonly base: string;
}

export const registries = { "insecure-registries": [lab.registry] };

export const systems: readonly System[] = [
  { name: "overlay2", daemon: "docker", base: dockerStage("28.5", "overlay2", registries) },
  { name: "docker-containerd", daemon: "docker", base: dockerStage("28.5", "containerd", registries) },
  { name: "containerd", daemon: "containerd", base: `FROM ${labImage("containerd:2.1")}\n` },
];

export const built = "example.com/built:1";

export interface Inner {
  readonly pulled: RegistryImage;
  readonly loaded: RegistryImage;
}

export async function innerImages(): Promise<Inner> {
  return { pulled: await pushHandMade(), loaded: await registryImage(labImage("busybox:1")) };
}

/** A container of the system without any inner image. */
export async function startEmpty(
  { name, daemon, base }: System,
  options: SystemOptions = {},
): Promise<SystemContainer> {
  const tag = `e2e-commit-base-${name}:1`;
  const { engine = "containerd" } = options;
  await build({ engine, larder: false, allowInsecure: false, dockerfile: base, tag });
  return SystemContainer.start(tag, { network: "bridge", ...options, engine, daemon });
}

export async function pull(system: System, container: SystemContainer, image: RegistryImage): Promise<void> {
  if (system.daemon === "docker") await container.inner("pull", "--quiet", image.reference);
  else await container.ctr("default", "images", "pull", "--plain-http", image.reference);
}

/** Moves an image of the outer engine into the inner daemon, by an archive. */
export async function load(
  system: System,
  container: SystemContainer,
  { reference }: RegistryImage,
  engine: EngineName = "containerd",
): Promise<void> {
  await docker(["pull", "--quiet", reference], { engine });
  const command = system.daemon === "docker" ? ["docker", "load"] : ["ctr", "images", "import", "-"];
  const [saving, loading] = [spawnDocker(["save", reference], { engine }), container.spawn(...command)];
  saving.stdout.pipe(loading.stdin);
  const status = await new Promise((resolve) => loading.on("close", resolve));
  assert.equal(status, 0);
}

/** `cap_net_raw+ep`, as setcap writes it. */
const capability = Buffer.from("0100000200200000000000000000000000000000", "hex").toString();

/** Builds an image that deletes files of its base, and has a file with a capability. */
export async function buildInside(container: SystemContainer, { reference }: RegistryImage): Promise<void> {
  const tar = await layerTar([
    {
      name: "capable",
      content: "x",
      mode: 0o755,
      pax: { "SCHILY.xattr.security.capability": capability },
    },
  ]);
  const dockerfile = `FROM ${reference}
ADD capable.tar /
RUN rm /bin/vi && mkdir /made && echo one >/made/one && ln /made/one /made/two && chown 12:34 /made/one
RUN rm -r /made && mkdir /made && echo three >/made/three
CMD ["cat", "/made/three"]
`;
  const files = { Dockerfile: Buffer.from(dockerfile), "capable.tar": tar };
  const write = Object.entries(files).map(
    ([name, content]) => `echo ${content.toString("base64")} | base64 --decode >/built/${name}`,
  );
  await container.exec("sh", "-ec", `mkdir /built\n${write.join("\n")}`);
  await container.exec("env", "DOCKER_BUILDKIT=0", "docker", "build", "--quiet", "--tag", built, "/built");
}

/** Names, digests and IDs as the inner daemon lists them. */
export async function list({ daemon }: System, container: SystemContainer): Promise<string[]> {
  if (daemon === "containerd") {
    const rows = (await container.ctr("default", "images", "ls")).split("\n").slice(1);
    return rows.flatMap((row) => row.split(/\s+/).slice(0, 3).join(" ") || []).sort();
  }
  const format = "{{.Repository}} {{.Tag}} {{.Digest}} {{.ID}}";
  const rows = await container.inner("image", "ls", "--no-trunc", "--digests", "--format", format);
  return rows.trim().split("\n").sort();
}

/** `larder commit --json`, which must succeed. @returns the result, and what it said meanwhile. */
export async function commit(
  container: SystemContainer,
  tag: string,
  args: readonly string[] = [],
  engine: EngineName = "containerd",
): Promise<CommitResult & { readonly said: string }> {
  const finished = await larder(["commit", "--json", ...args, container.id, tag], { engine });
  assert.equal(finished.status, 0, finished.stderr);
  return { ...(JSON.parse(finished.stdout) as CommitResult), said: finished.stderr };
}

/** Names of images that a commit has only while it works. */
export async function remains(engine: EngineName = "containerd"): Promise<string> {
  return docker(["image", "ls", "--quiet", "--filter", "reference=larder-commit"], { engine });
}

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "../harness/build.js";
import { atEnd } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import { docker, dockerHost, tryDocker } from "../harness/docker.js";
import { type DockerVersion, lab, labImage, needsDocker } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { Cri } from "../kubernetes/cri.js";

interface Example {
  /** Name of the folder. */
  readonly name: string;
  /** Distinguishes it from others of the same folder. */
  readonly variant?: string;
  /** Build arguments in place of the public defaults. */
  readonly args: Readonly<Record<string, string>>;
  /** Environment of check.sh. */
  readonly env?: Readonly<Record<string, string>>;
  readonly version?: DockerVersion;
}

const nodeImages = [labImage("busybox:1"), labImage("pause:3"), labImage("redis:latest")];

const examples: readonly Example[] = [
  { name: "dind", args: { SYSTEM: lab.system, REGISTRY: lab.registry } },
  {
    name: "dind",
    variant: "graph",
    args: { SYSTEM: lab.system, REGISTRY: lab.registry, CONTAINERD_STORE: "false" },
  },
  {
    name: "dind",
    variant: "29",
    args: { SYSTEM: labImage("docker:29.9"), REGISTRY: lab.registry },
    version: "29.9",
  },
  { name: "containerd", args: { SYSTEM: labImage("containerd:latest"), REGISTRY: lab.registry } },
  {
    name: "kubernetes-node",
    args: { SYSTEM: labImage("containerd:latest"), PAUSE: labImage("pause:3"), IMAGES: nodeImages.join(" ") },
    env: { IMAGES: nodeImages.join(" ") },
  },
  { name: "systemd", args: { SYSTEM: labImage("systemd-docker:latest"), REGISTRY: lab.registry } },
];

const folderOf = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

const tagOf = (name: string, variant = "latest") => `e2e-example-${name}:${variant}`;

async function buildExample({ name, args }: Example, tag: string): Promise<void> {
  const settings = Object.entries({ BUILDKIT_SYNTAX: lab.frontend, ...args });
  const flags = settings.flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]);
  const allow = ["--allow", "network.host"];
  const common = ["buildx", "build", "--progress", "plain", "--tag", tag, "--load"];
  await docker([...common, ...allow, ...flags, folderOf(name)]);
  atEnd(() => tryDocker(["image", "rm", "--force", tag]));
}

describe("examples", () => {
  for (const example of examples) {
    const { name, variant, env, version } = example;
    it(`${name}${variant ? ` (${variant})` : ""}: is built, and its check.sh succeeds`, async function () {
      if (version) needsDocker(this, version);
      const tag = tagOf(name, variant);
      await buildExample(example, tag);
      const environment = { ...env, DOCKER: lab.docker, DOCKER_HOST: dockerHost() };
      await output(`${folderOf(name)}/check.sh`, [tag], { env: environment });
    });
  }

  it("the README's first one, with the Docker that it names: its images run without a network", async function () {
    needsDocker(this, "29.9");
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const [, first = ""] = /```dockerfile\n# syntax=.*\n([^`]*)```/.exec(readme) ?? [];
    assert.equal(first, "FROM docker:29-dind\nPRELOAD redis:7 postgres:17\n");
    const [redis, python] = [labImage("redis:latest"), labImage("python:3")];
    const dockerfile = first
      .replace("docker:29-dind", labImage("docker:29.9"))
      .replace("redis:7", redis)
      .replace("postgres:17", python);
    const tag = "e2e-example-readme:latest";
    await build({ dockerfile, tag });
    const container = await SystemContainer.start(tag, { network: "none" });
    const info = await container.inner("info", "--format", "{{.ServerVersion}} {{.Driver}}");
    assert.match(info, /^29\.9\.\d+ overlayfs\n$/);
    const run = ["run", "--rm", "--network", "none"];
    assert.match(await container.inner(...run, redis, "redis-server", "--version"), /^Redis server v=/);
    assert.equal(await container.inner(...run, python, "python3", "-c", "print(6 * 7)"), "42\n");
  });

  it("kubernetes-node: a kubelet finds the images, and runs them in pods", async () => {
    const container = await SystemContainer.start(tagOf("kubernetes-node"), { daemon: "containerd" });
    const cri = await Cri.open(container);
    const images = await cri.images();
    assert.deepEqual(images.flatMap(({ repo_tags }) => repo_tags).sort(), nodeImages);
    assert.deepEqual(await cri.run(labImage("busybox:1"), "echo", "hello"), {
      exitCode: 0,
      output: "hello\n",
    });
  });
});

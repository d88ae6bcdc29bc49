import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { build } from "../harness/build.js";
import { output } from "../harness/command.js";
import { dockerHost } from "../harness/docker.js";
import { buildExample, exampleFolder } from "../harness/example.js";
import { type DockerVersion, lab, labImage, needsDocker, needsKubernetes } from "../harness/lab.js";
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
  /** The lab builds its programs for all tests alone. */
  readonly isNode?: boolean;
}

const nodeImages = [labImage("busybox:1"), labImage("pause:3"), labImage("redis:latest")];
const nodeArgs = {
  IMAGES: labImage("busybox:1"),
  PAUSE: labImage("pause:3"),
  REDIS: labImage("redis:latest"),
};

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
  { name: "podman", args: { SYSTEM: labImage("podman:latest"), REGISTRY: lab.registry } },
  { name: "containerd", args: { SYSTEM: labImage("containerd:latest"), REGISTRY: lab.registry } },
  {
    name: "kubernetes-node",
    args: { ...nodeArgs, SYSTEM: labImage("kubernetes-node:1.36") },
    env: { IMAGES: nodeImages.join(" ") },
    isNode: true,
  },
  {
    name: "kubernetes-cluster",
    args: {
      SYSTEM: labImage("kubernetes-node:1.36"),
      REGISTRY: lab.registry,
      VERSION: "v1.36.3",
      ETCD: "3.5",
      PAUSE: labImage("pause:3"),
      IMAGES: labImage("busybox:1"),
    },
    env: { POD: labImage("busybox:1") },
    isNode: true,
  },
  {
    name: "kind",
    args: { NODE: labImage("kind-node:v1.36.3"), IMAGES: nodeImages.join(" ") },
    env: { IMAGES: nodeImages.join(" ") },
    isNode: true,
    // The lab builds the node's containerd with it.
    version: "29.9",
  },
  { name: "systemd", args: { SYSTEM: labImage("systemd-docker:latest"), REGISTRY: lab.registry } },
];

const tagOf = (name: string, variant = "latest") => `e2e-example-${name}:${variant}`;

describe("examples", () => {
  for (const example of examples) {
    const { name, variant, args, env, version, isNode } = example;
    it(`${name}${variant ? ` (${variant})` : ""}: is built, and its check.sh succeeds`, async function () {
      if (version) needsDocker(this, version);
      if (isNode) needsKubernetes(this);
      const tag = tagOf(name, variant);
      await buildExample(name, args, tag);
      const environment = { ...env, DOCKER: lab.docker, DOCKER_HOST: dockerHost() };
      await output(`${exampleFolder(name)}/check.sh`, [tag], { env: environment });
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

  it("kubernetes-node: its containerd has the images for a kubelet, and runs them in pods", async () => {
    const tag = tagOf("kubernetes-node", "without-kubelet");
    await buildExample("kubernetes-node", { ...nodeArgs, SYSTEM: labImage("containerd:latest") }, tag);
    const args = ["--entrypoint", "containerd"];
    const container = await SystemContainer.start(tag, { daemon: "containerd", args });
    const cri = await Cri.open(container);
    const images = await cri.images();
    assert.deepEqual(images.flatMap(({ repo_tags }) => repo_tags).sort(), nodeImages);
    assert.deepEqual(await cri.run(labImage("busybox:1"), "echo", "hello"), {
      exitCode: 0,
      output: "hello\n",
    });
  });
});

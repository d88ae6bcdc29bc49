import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd, cleanUp } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import { docker, dockerHost, tryDocker } from "../harness/docker.js";
import { buildExample } from "../harness/example.js";
import { kindProgram, lab, labImage, needsDocker, needsKubernetes } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { crictlImages } from "./node.js";

const tag = "e2e-kind:latest";
const cluster = "e2e-kind";
const busybox = labImage("busybox:1");
const controlPlane = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const preloaded = [busybox, labImage("etcd:3.5"), ...controlPlane.map((name) => labImage(`${name}:v1.36.3`))];

/**
 * Names of the lab in the place of registry.k8s.io. Its network is in the node image, and its machine may have cgroups of
 * version 1, which kind's own image prepares for the kubelet.
 */
const config = `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking: {disableDefaultCNI: true, kubeProxyMode: none}
kubeadmConfigPatches:
  - |
    kind: ClusterConfiguration
    imageRepository: ${lab.registry}
    etcd: {local: {imageTag: "3.5"}}
  - |
    kind: KubeletConfiguration
    failCgroupV1: false
    cgroupDriver: cgroupfs
    cgroupRoot: /
    cgroupsPerQOS: false
    enforceNodeAllocatable: [none]
`;

describe("kind: a node image with images of PRELOAD", () => {
  let folder: string;
  let node: SystemContainer;

  function kind(...args: string[]): Promise<string> {
    const env = {
      DOCKER_HOST: dockerHost(),
      KUBECONFIG: join(folder, "kubeconfig"),
      PATH: `${folder}:${process.env.PATH}`,
    };
    return output(kindProgram(), args, { env });
  }

  before(async function () {
    needsKubernetes(this);
    // The node's containerd is built with it.
    needsDocker(this, "29.9");
    folder = mkdtempSync(join(tmpdir(), "larder-kind-"));
    atEnd(async () => rmSync(folder, { recursive: true }));
    symlinkSync(lab.docker, join(folder, "docker"));
    writeFileSync(join(folder, "kind.yaml"), config);
    const node = labImage("kind-node:v1.36.3");
    await buildExample("kind", { NODE: node, IMAGES: preloaded.join(" ") }, tag);
    // What a killed run left behind.
    await kind("delete", "cluster", "--name", cluster);
    atEnd(async () => {
      await kind("delete", "cluster", "--name", cluster);
      await tryDocker(["network", "rm", "kind"]);
    });
  });
  after(cleanUp);

  it("becomes a cluster by kind create cluster, which pulls nothing", async () => {
    const file = join(folder, "kind.yaml");
    await kind("create", "cluster", "--name", cluster, "--image", tag, "--config", file, "--wait", "120s");
    node = SystemContainer.named(`${cluster}-control-plane`, { daemon: "containerd" });
    assert.match(await node.exec("kubectl", "get", "nodes"), / Ready /);
    const log = await node.exec("journalctl", "--unit", "containerd", "--output", "cat", "--no-pager");
    assert.match(log, /^larder: attached 5 images .* by link in .* beside what was there$/m);
    assert.deepEqual(
      [...log.matchAll(/PullImage \\"([^"]*)\\"/g)].filter(([, name]) => preloaded.includes(name ?? "")),
      [],
    );
  });

  it("has them beside the images of its base, and keeps what kind load brings", async () => {
    const python = labImage("python:3");
    await docker(["pull", "--quiet", python]);
    await kind("load", "docker-image", python, "--name", cluster);
    const images = await crictlImages(node);
    const expected = [...preloaded, labImage("nginx:latest"), labImage("pause:3"), python];
    assert.deepEqual(
      images.map(({ tag }) => tag),
      expected.sort(),
    );
    assert.deepEqual(
      images.filter(({ pinned }) => pinned).map(({ tag }) => tag),
      [...preloaded, labImage("pause:3")].sort(),
    );
  });

  it("runs pods of them and of an image of its base", async () => {
    for (const image of [busybox, labImage("nginx:latest")]) {
      const name = /([a-z]+):/.exec(image.split("/").at(-1) ?? "")?.[1] as string;
      const run = ["run", name, `--image=${image}`, "--restart=Never", "--image-pull-policy=Never"];
      const toleration = { spec: { tolerations: [{ operator: "Exists" }] } };
      const overrides = `--overrides=${JSON.stringify(toleration)}`;
      await node.exec("kubectl", ...run, overrides, "--", "sh", "-c", "exit 0");
      await node.exec(
        "kubectl",
        "wait",
        "--for=jsonpath={.status.phase}=Succeeded",
        `pod/${name}`,
        "--timeout=60s",
      );
    }
  });
});

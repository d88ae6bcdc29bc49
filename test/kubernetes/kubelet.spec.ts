import assert from "node:assert/strict";
import { until } from "../harness/command.js";
import { labImage, needsKubernetes } from "../harness/lab.js";
import type { SystemContainer } from "../harness/system-container.js";
import { buildNode, crictlImages, nodeImages, startNode, untilPod } from "./node.js";

const [busybox, , python] = nodeImages as [string, string, string];

/** A pod that writes a line and ends. */
function manifest(name: string, image: string, policy: "Always" | "IfNotPresent" | "Never"): string {
  return `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  hostNetwork: true
  restartPolicy: Never
  containers:
    - {name: main, image: "${image}", imagePullPolicy: ${policy}, command: [sh, -c, "exit 7"]}
`;
}

async function addPod(node: SystemContainer, ...of: Parameters<typeof manifest>): Promise<void> {
  const write = `cat >/etc/kubernetes/manifests/${of[0]}.yaml`;
  const child = node.spawn("sh", "-c", write);
  child.stdin.end(manifest(...of));
  await new Promise((resolve) => child.once("close", resolve));
}

const pinned = nodeImages.map((tag) => ({ tag, pinned: true }));

describe("kubelet: a node whose images are preloaded", () => {
  before(async function () {
    needsKubernetes(this);
    await buildNode();
  });

  describe("without a network", () => {
    let node: SystemContainer;

    before(async () => {
      node = await startNode();
    });
    after(() => node?.remove());

    it("has its static pod Ready", () => untilPod(node, "redis", ({ isReady }) => isReady));

    it("lists them by crictl as pinned", async () => {
      assert.deepEqual(await crictlImages(node), pinned);
    });

    for (const policy of ["IfNotPresent", "Never"] as const) {
      it(`runs them with imagePullPolicy: ${policy}, and pulls nothing`, async () => {
        const name = policy.toLowerCase();
        await addPod(node, name, busybox, policy);
        await untilPod(node, name, ({ state }) => state?.terminated?.exitCode === 7);
        assert.doesNotMatch(await node.logs(), /msg="PullImage/);
      });
    }

    it("asks the registry with imagePullPolicy: Always, which it does not reach", async () => {
      await addPod(node, "always", busybox, "Always");
      await untilPod(node, "always", ({ state }) => state?.waiting?.reason === "ErrImagePull");
      assert.ok((await node.logs()).includes(`msg="PullImage \\"${busybox}\\"`), "containerd has to log it");
    });

    it("has its pod Ready again after a restart", async () => {
      await node.restart();
      await untilPod(node, "redis", ({ isReady }) => isReady);
    });
  });

  it("has them after the garbage collection under disk pressure, and the one that it pulled is gone", async () => {
    // The kubelet knows only file systems that the container has for itself.
    const size = 400;
    const folder = "/var/lib/containerd";
    const args = [
      ...["--tmpfs", `${folder}:exec,suid,dev,size=${size}m`],
      ...["--tmpfs", "/var/lib/kubelet:exec,suid,dev,size=50m"],
    ];
    const command = ["--eviction-hard=imagefs.available<150Mi", "--minimum-image-ttl-duration=1s"];
    const node = await startNode({ network: "bridge", args, command });
    await untilPod(node, "redis", ({ isReady }) => isReady);
    const nginx = labImage("nginx:latest");
    await node.ctr("k8s.io", "images", "pull", "--plain-http", nginx);
    const both = [...pinned, { tag: nginx, pinned: false }].sort((a, b) => (a.tag < b.tag ? -1 : 1));
    assert.deepEqual(await crictlImages(node), both);

    const available = Number(
      (await node.exec("df", "--output=avail", "--block-size=M", folder)).split("\n")[1]?.replace("M", ""),
    );
    assert.ok(available > 150, `no pressure yet: ${available} MiB`);
    await node.exec("fallocate", "--length", `${available - 140}M`, `${folder}/ballast`);
    await until("the kubelet removes the image", async () => (await crictlImages(node)).length < both.length);
    assert.deepEqual(await crictlImages(node), pinned);
    await node.exec("rm", `${folder}/ballast`);
    // One that no pod used meanwhile still has its files.
    await addPod(node, "later", python, "Never");
    await untilPod(node, "later", ({ state }) => state?.terminated?.exitCode === 7);
    await node.remove();
  });
});

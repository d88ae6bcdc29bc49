import assert from "node:assert/strict";
import { refusal } from "../errors/refused.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { lab, labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { listImages, runImage } from "./fixture.js";

const busybox = labImage("busybox:1");
const containerd = labImage("containerd:2.1");
describe("containerd: the manager that gets the images", () => {
  after(cleanUp);

  async function start(name: string, dockerfile: string, files = {}, args: string[] = []) {
    const tag = `e2e-containerd-${name}:1`;
    await build({ tag, dockerfile, files });
    return (daemon: "containerd" | "docker") => SystemContainer.start(tag, { daemon, args });
  }

  async function assertHas(container: SystemContainer, namespace = "default"): Promise<void> {
    assert.deepEqual(
      (await listImages(container, namespace)).map(({ name }) => name),
      [busybox],
    );
    assert.equal(await runImage(container, namespace, busybox, "echo", "inside"), "inside\n");
  }

  it("--store=containerd where there is Docker, too", async () => {
    const container = await (
      await start("beside-docker", `FROM ${lab.system}\nPRELOAD --store=containerd ${busybox}\n`, {}, [
        "--volume",
        "/var/lib/containerd",
      ])
    )("docker");
    assert.equal(await container.inner("images", "--quiet"), "", "Docker has no images");
    await container.exec("sh", "-c", "containerd >/var/log/containerd.log 2>&1 &");
    await SystemContainer.named(container.id, { daemon: "containerd" }).ready();
    await assertHas(container);
  });

  it("a config.toml that puts the root elsewhere", async () => {
    const files = { "config.toml": 'version = 2\nroot = "/var/lib/containerd/elsewhere"\n' };
    const dockerfile = `FROM ${containerd}
COPY config.toml /etc/containerd/
PRELOAD --namespace=other ${busybox}
`;
    const container = await (await start("config", dockerfile, files))("containerd");
    assert.match(
      await container.logs(),
      /^larder: attached 1 image \(1 layer\) to \/var\/lib\/containerd\/elsewhere by/m,
    );
    await assertHas(container, "other");
    assert.deepEqual(await listImages(container, "default"), []);
  });

  const refused: [string, string, string, RegExp][] = [
    [
      "a stage without a container manager, if none is named",
      `FROM ${labImage("busybox:1")}`,
      `PRELOAD --via=direct ${busybox}`,
      /no container manager in the stage: looked for dockerd, podman and containerd in .*, name it: --store=docker, --store=podman or --store=containerd$/,
    ],
    [
      "a stage without a container manager that would take the images in",
      `FROM ${labImage("busybox:1")}`,
      `PRELOAD --via=daemon ${busybox}`,
      /no container manager in the stage: looked for dockerd, podman and containerd in .*; install one of them above PRELOAD$/,
    ],
    [
      "a stage without a containerd where a containerd is to take the images in",
      `FROM ${labImage("busybox:1")}`,
      `PRELOAD --via=daemon --store=containerd ${busybox}`,
      /no container manager in the stage: looked for containerd in .*; install containerd above PRELOAD, or, if it comes later, say --via=direct$/,
    ],
    [
      "a stage without a Docker where a Docker is to take the images in",
      `FROM ${containerd}`,
      `PRELOAD --via=daemon --store=docker ${busybox}`,
      /no container manager in the stage: looked for dockerd in .*; install Docker above PRELOAD, or, if it comes later, say --via=direct$/,
    ],
    [
      "--namespace for Docker",
      `FROM ${lab.system}`,
      `PRELOAD --store=docker --namespace=k8s.io ${busybox}`,
      /--namespace is of containerd; leave it out, or --store=docker$/,
    ],
    [
      "an unknown store",
      `FROM ${lab.system}`,
      `PRELOAD --store=crio ${busybox}`,
      /unknown store "crio"; --store is docker, docker-overlay2, docker-containerd, podman or containerd$/,
    ],
  ];
  for (const [what, stage, shows, message] of refused) {
    it(`refuses ${what}`, async () => {
      const said = await refusal({ dockerfile: `${stage}\n${shows}\n`, shows, allowInsecure: true });
      assert.match(said.message, message);
    });
  }
});

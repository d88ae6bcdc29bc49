import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { docker } from "../harness/docker.js";
import { dockerStage, lab, labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { pushSmallImages } from "./small-images.js";

const count = 300;
const shared = [["a"], ["b"], ["c"], ["d"]];

/** containerd's own client refuses labels of more than 4,096 bytes. */
async function runByContainerd(): Promise<void> {
  const tag = labImage("e2e/many-images:1");
  await docker(["tag", "e2e-many-images", tag]);
  await docker(["push", "--quiet", tag]);
  const host = await SystemContainer.start(labImage("containerd:2.1"), {
    daemon: "containerd",
    network: "bridge",
  });
  await host.ctr("default", "images", "pull", "--plain-http", tag);
  assert.equal(await host.ctr("default", "run", "--rm", tag, "c", "echo", "runs"), "runs\n");
  await host.remove();
}

/** The names of all layers are longer than one string of a step's environment may be in Linux. */
describe(`a list of ${count} images`, () => {
  const numbers = Array.from({ length: count }, (_, index) => index);
  let references: readonly string[];

  before(async () => {
    const images = numbers.map((number) => ({
      tag: `${number}`,
      layers: [...shared, [`own-${number}`], [`top-${number}`]],
    }));
    references = await pushSmallImages("many", images);
  });

  it("is preloaded and listed, and a variable that the daemon does not get runs no step again", async () => {
    const stage = dockerStage("28.5", "overlay2");
    const request = (version: number) => ({
      dockerfile: `${stage}ENV VERSION=${version}\nPRELOAD --list=images.txt\n`,
      files: { "images.txt": references.join("\n") },
      tag: "e2e-many-images",
      args: ["--build-arg", `LARDER_INSECURE_REGISTRIES=${lab.registry}`],
    });
    await build(request(1));
    const container = await SystemContainer.start("e2e-many-images");
    const listed = (await container.inner("image", "ls", "--format", "{{.Repository}}:{{.Tag}}"))
      .trim()
      .split("\n");
    assert.deepEqual(listed.sort(), [...references].sort());
    const last = references.at(-1) ?? "";
    const created = (await container.inner("create", last)).trim();
    assert.equal(await container.exec("sh", "-c", `docker export ${created} | tar -xO top-299`), "top-299\n");
    await container.remove();
    await runByContainerd();
    const log = await build(request(2));
    const ran = new Set(
      [...log.matchAll(/^#(\d+) \[larder\] (?:fetch|unpack|describe|merge)/gm)].map(([, step]) => step),
    );
    const cached = [...ran].filter((step) => new RegExp(`^#${step} CACHED`, "m").test(log));
    assert.deepEqual(cached, [...ran], log);
    assert.ok(ran.size > count, log);
  });
});

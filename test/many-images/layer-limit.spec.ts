import assert from "node:assert/strict";
import { build, failingBuild } from "../harness/build.js";
import { docker } from "../harness/docker.js";
import { dockerStage, engineNames, lab } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { pushSmallImages } from "./small-images.js";

/** With the other layers, more than the 125 that an engine with graph drivers accepts. */
const innerLayers = 97;
const ownLayers = 84;

describe(`a stage of ${ownLayers} layers, and an inner image of ${innerLayers}`, () => {
  let reference: string;
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, index) => `COPY <<EOF /own/${index}\n${index}\nEOF\n`).join("");
  const request = (store: "overlay2" | "containerd") => ({
    dockerfile: `${dockerStage("28.5", store)}${lines(ownLayers - 10)}PRELOAD ${reference}\n${lines(10)}`,
    args: ["--build-arg", `LARDER_INSECURE_REGISTRIES=${lab.registry}`],
  });

  before(async () => {
    const layers = Array.from({ length: innerLayers }, (_, index) => [`layer-${index}`]);
    [reference = ""] = await pushSmallImages("limit", [{ tag: "1", layers }]);
  });

  for (const engine of engineNames) {
    for (const store of ["overlay2", "containerd"] as const) {
      it(`fits, and a warning names the price (${engine}; the inner store is ${store})`, async () => {
        const tag = `e2e-layer-limit:${store}`;
        const log = await build({ ...request(store), engine, tag });
        assert.match(
          log,
          /PreloadLayers: the smallest \d+ layers of the images share one, .* 125 layers in all: the stage has \d+ layers/,
        );
        const count = await docker(["image", "inspect", "--format", "{{len .RootFS.Layers}}", tag], {
          engine,
        });
        assert.ok(Number(count) > 100 && Number(count) <= 125, count);
        const container = await SystemContainer.start(tag, { engine });
        const created = (await container.inner("create", reference)).trim();
        const list = `docker export ${created} | tar -t | grep -c '^layer-'`;
        assert.equal(await container.exec("sh", "-c", list), `${innerLayers}\n`);
        await container.remove();
      });
    }
  }

  it("the file can skip the warning, or make it an error", async () => {
    const { args, ...rest } = request("overlay2");
    const check = (value: string) => ({
      ...rest,
      args: [...args, "--build-arg", `BUILDKIT_DOCKERFILE_CHECK=${value}`],
    });
    assert.doesNotMatch(await build(check("skip=PreloadLayers")), /PreloadLayers/);
    assert.match(await failingBuild(check("error=true")), /lint violation found for rules: PreloadLayers/);
  });
});

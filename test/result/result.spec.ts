import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { buildkitd, engineNames, lab, labImage } from "../harness/lab.js";
import { type RegistryImage, registryImage } from "../harness/registry-image.js";
import { pushSmallImages } from "../many-images/small-images.js";
import { ran } from "../options/steps.js";

/** No other test has these layers: a step of theirs that runs was started by this one. */
async function pushOwnImages(engine: string): Promise<RegistryImage[]> {
  const file = (name: string): string => `${name}-${engine}-${buildkitd ? "buildkitd" : "docker"}`;
  const references = await pushSmallImages(`result-${engine}`, [
    { tag: "one", layers: [[file("one")]] },
    { tag: "three", layers: [[file("a")], [file("b")], [file("c")]] },
  ]);
  return Promise.all(references.map(registryImage));
}

/** A builder that gives single blobs needs no step that fetches an image, which would print a line for each. */
function isFetchedByStep(log: string): boolean {
  return /^#\d+ \[larder\] fetch \S+$/m.test(log);
}

for (const engine of engineNames) {
  describe(`the result of a build, ${engine}`, () => {
    const tag = labImage(`e2e/result:${engine}`);
    let log: string;
    let image: RegistryImage;
    let inner: RegistryImage[];
    let references: string[];
    let dockerfile: string;
    const larderHistory = () => image.history.filter(({ created_by }) => created_by?.startsWith("PRELOAD "));

    before(async () => {
      inner = await pushOwnImages(engine);
      references = inner.map(({ reference }) => reference);
      dockerfile = `FROM ${lab.system}
RUN echo above >/above
PRELOAD ${references.join(" ")}
RUN echo below >/below
`;
      log = await build({ engine, dockerfile, tag, args: ["--push", "--no-cache"] });
      image = await registryImage(tag);
    });
    after(cleanUp);

    it("names its steps for a reader of the build's output", () => {
      const steps = new Set(
        [...log.matchAll(/^#\d+ (\[larder\] (?:fetch|unpack|describe) .*)$/gm)].map(([, step = ""]) => step),
      );
      // How an image is fetched depends on the builder and the registry.
      const fetched = references.filter((reference) =>
        [...steps].some((step) => step.startsWith(`[larder] fetch ${reference}`)),
      );
      assert.deepEqual(fetched, references);
      const layers = inner.flatMap(({ reference, diffIds }) =>
        diffIds.map((_, index) => `[larder] unpack ${reference} layer ${index + 1}/${diffIds.length}`),
      );
      const others = [...steps].filter((step) => !step.startsWith("[larder] fetch "));
      assert.deepEqual(others.sort(), [...layers, "[larder] describe 2 images"].sort());
    });

    it("prints the progress of pulls and loads as lines", () => {
      if (isFetchedByStep(log))
        for (const blob of inner.flatMap(({ blobs }) => blobs))
          assert.match(log, new RegExp(`layer \\d+ ${blob}`));
      for (const diffId of inner.flatMap(({ diffIds }) => diffIds))
        assert.ok(log.includes(`unpacked layer ${diffId} `));
    });

    it("is cached the second time", async () => {
      const again = await build({ engine, dockerfile, tag });
      // A step with several outputs may lack CACHED in the log. A step that runs prints something.
      assert.match(again, /^#\d+ \[larder\] describe /m);
      assert.ok(!ran(again, "[larder] "), again);
    });

    it("is not cached with --no-cache, although it was before", async () => {
      const again = await build({ engine, dockerfile, args: ["--no-cache", "--output", "type=cacheonly"] });
      if (isFetchedByStep(log))
        for (const blob of inner.flatMap(({ blobs }) => blobs)) assert.ok(again.includes(blob), again);
      assert.match(again, /unpacked layer sha256:/);
    });

    it("has a line of history for each outer layer", () => {
      const lines = inner.flatMap(({ reference, diffIds }) =>
        diffIds.map(
          (diffId, index) => `PRELOAD ${reference}, layer ${index + 1} of ${diffIds.length}, ${diffId}`,
        ),
      );
      assert.deepEqual(
        larderHistory().map(({ created_by }) => created_by),
        [...lines, `PRELOAD ${references.join(" ")}, catalog`],
      );
      const layers = image.history.filter(({ empty_layer }) => !empty_layer);
      assert.equal(
        layers.length,
        image.diffIds.length,
        "as many lines that are not empty as there are layers",
      );
    });

    it("has its lines between those of the instructions above and below", () => {
      const lines = image.history.map(({ created_by }) => created_by ?? "");
      const above = lines.findIndex((line) => line.includes("echo above"));
      const below = lines.findIndex((line) => line.includes("echo below"));
      const own = lines.flatMap((line, index) => (line.startsWith("PRELOAD ") ? [index] : []));
      assert.deepEqual(
        own,
        Array.from({ length: below - above - 1 }, (_, index) => above + 1 + index),
      );
    });

    it("has a small label; its history lists its inner layers", () => {
      const distinct = new Set(inner.flatMap(({ diffIds }) => diffIds));
      const label: unknown = JSON.parse(image.labels["io.larder.preload"] ?? "null");
      assert.deepEqual(label, { version: 2, layers: distinct.size });
      const line = `PRELOAD ${references.join(" ")}, catalog`;
      assert.ok(image.history.some(({ created_by }) => created_by === line));
    });

    it("leaves command and entrypoint as they are", async () => {
      const format = "{{json .Config.Cmd}} {{json .Config.Entrypoint}}";
      await docker(["pull", "--quiet", lab.system], { engine });
      const [system, preloaded] = await Promise.all(
        [lab.system, tag].map((name) => docker(["image", "inspect", "--format", format, name], { engine })),
      );
      assert.equal(preloaded, system);
    });

    it("puts the smallest layers into one beyond the budget", async () => {
      const layers = inner.flatMap(({ diffIds }) => diffIds);
      const small = labImage(`e2e/result-budget:${engine}`);
      await build({ engine, dockerfile, tag: small, args: ["--push", "--build-arg", "LARDER_LAYERS=2"] });
      const { history } = await registryImage(small);
      const lines = history
        .map(({ created_by }) => created_by ?? "")
        .filter((line) => /^PRELOAD .*sha256:/.test(line));
      assert.equal(lines.length, 2);
      const shared = lines.find((line) => line.includes("small layers")) ?? "";
      assert.equal([...shared.matchAll(/sha256:[0-9a-f]{64}/g)].length, layers.length - 1);
    });
  });
}

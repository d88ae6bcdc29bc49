import assert from "node:assert/strict";
import { layerOf } from "../../test/harness/fake-upstream.js";
import { built, failed, runFrontend, sample } from "../../test/harness/run-frontend.js";

describe("build with PRELOAD for several platforms", function () {
  this.timeout(20_000);

  const platforms = ["linux/amd64", "linux/arm64"];
  const images = { "docker:29-dind": { platforms }, "redis:7": { platforms } };
  const options = { platform: platforms.join(",") };

  it("gives each platform the images for it, in one result", async () => {
    const file = "FROM docker:29-dind\nPRELOAD redis:7\nRUN on $TARGETARCH\n";
    const outcome = await runFrontend(sample(file, { images, options }));
    assert.deepEqual([...outcome.definitions.keys()].sort(), platforms);
    const { Platforms } = JSON.parse(outcome.metadata["refs.platforms"]?.toString() ?? "{}") as {
      Platforms: { ID: string }[];
    };
    assert.deepEqual(
      Platforms.map(({ ID }) => ID),
      platforms,
    );
    assert.equal(outcome.metadata["containerimage.config"], undefined);
    for (const platform of platforms) {
      const { config, steps } = built(outcome, platform);
      const [, architecture] = platform.split("/");
      assert.equal(config.architecture, architecture);
      assert.equal(config.config.Labels?.["io.larder.preload"], '{"version":2,"layers":1}');
      const jobs = steps.flatMap(({ job }) => (job?.kind === "stock" ? [job.layers] : []));
      assert.deepEqual(jobs, [[[layerOf("redis:7", platform)]]]);
      const fetch = steps.filter(({ name }) => name.includes("fetch redis:7"));
      assert.deepEqual(
        fetch.map(({ name }) => name),
        [`[${platform} larder] fetch redis:7`],
      );
    }
  });

  it("says for which of them there is no image", async () => {
    const one = { ...images, "redis:7": { platforms: ["linux/amd64"] } };
    const outcome = await runFrontend(
      sample("FROM docker:29-dind\nPRELOAD redis:7\n", { images: one, options }),
    );
    const { message, lines } = failed(outcome);
    assert.match(message, /^PRELOAD: image "redis:7": it has no variant for linux\/arm64/);
    assert.deepEqual(lines, [2]);
  });

  it("fires the ONBUILD PRELOAD of a base image that only one of them has", async () => {
    const configs = { "linux/arm64": { OnBuild: ["PRELOAD postgres:17"] } };
    const more = { ...images, "postgres:17": { platforms }, "base:1": { platforms, configs } };
    const file = "FROM base:1\nPRELOAD redis:7\n";
    const outcome = await runFrontend(sample(file, { images: more, options }));
    const taken = platforms.map((platform) =>
      built(outcome, platform).steps.flatMap(({ job }) =>
        job?.kind === "stock" ? job.images.map(({ reference }) => reference.path) : [],
      ),
    );
    assert.deepEqual(taken, [["library/redis"], ["library/postgres", "library/redis"]]);
  });

  it("warns once of what is the same for all", async () => {
    const latest = { ...images, "redis:latest": { platforms } };
    const file = "FROM docker:29-dind\nPRELOAD redis\n";
    const { upstream, error } = await runFrontend(sample(file, { images: latest, options }));
    assert.equal(error, undefined);
    assert.equal(upstream.warnings.length, 1);
  });

  it("takes --platform for the images instead of the stage's", async () => {
    const file = "FROM docker:29-dind\nPRELOAD --platform=linux/arm64 redis:7\n";
    const only = { options: { platform: "linux/amd64" } };
    const { config, steps } = built(await runFrontend(sample(file, { images, ...only })));
    assert.equal(config.architecture, "amd64");
    const jobs = steps.flatMap(({ job }) => (job?.kind === "stock" ? job.images : []));
    assert.deepEqual(
      jobs.map(({ platform }) => platform.architecture),
      ["arm64"],
    );
  });
});

import assert from "node:assert/strict";
import { built, failed, mountsOf, runFrontend, sample, stepNamed } from "../../test/harness/run-frontend.js";

describe("ONBUILD PRELOAD", function () {
  this.timeout(20_000);

  const triggers = ["RUN first", "PRELOAD redis:7", "RUN last"];
  const images = { "docker:29-dind": {}, "base:1": { config: { OnBuild: triggers } } };
  const preloadSteps = (names: readonly string[]) =>
    names.filter((name) => /^\[larder\] (fetch|stock)/.test(name));

  it("is kept in the image, and does nothing there", async () => {
    const file = "FROM docker:29-dind\nONBUILD RUN a\nONBUILD PRELOAD redis:7\n";
    const outcome = await runFrontend(sample(file, { images }));
    const { config } = built(outcome);
    assert.deepEqual(config.config.OnBuild, ["RUN a", "PRELOAD redis:7"]);
    assert.deepEqual(preloadSteps(outcome.upstream.ran), []);
    assert.equal(config.config.Labels, undefined);
  });

  it("is kept below a PRELOAD of the same stage, too", async () => {
    const file = "FROM docker:29-dind\nONBUILD PRELOAD postgres:17\nPRELOAD redis:7\n";
    const outcome = await runFrontend(sample(file, { images }));
    assert.deepEqual(built(outcome).config.config.OnBuild, ["PRELOAD postgres:17"]);
    assert.deepEqual(preloadSteps(outcome.upstream.ran), [
      "[larder] fetch redis:7",
      "[larder] stock 1 image (2 layers)",
    ]);
  });

  it("fires in a file that does not know of it, between the other triggers", async () => {
    const outcome = await runFrontend(sample("FROM base:1\nRUN own\n", { images }));
    const { config, steps } = built(outcome);
    const [first, last, own] = ["ONBUILD RUN first", "ONBUILD RUN last", "RUN own"].map((words) => {
      const found = steps.find(({ name }) => name.endsWith(`] ${words}`));
      assert.ok(found, `there is no step "${words}" among ${JSON.stringify(steps.map(({ name }) => name))}`);
      return found;
    });
    assert.ok(first && last && own);
    const stock = stepNamed(steps, "[larder] stock 1 image (2 layers)");
    assert.equal(mountsOf(stock, steps)["/stage"], `${first.name} #0`);
    assert.equal(mountsOf(last, steps)["/"], "[larder] merge layers #0");
    assert.equal(mountsOf(own, steps)["/"], `${last.name} #0`);
    assert.equal(config.config.OnBuild, undefined);
    assert.deepEqual(config.config.Labels, { "io.larder.preload": '{"version":2,"layers":2}' });
  });

  it("fires below and beside a PRELOAD of the file", async () => {
    const file = "FROM base:1\nPRELOAD postgres:17\n";
    const { steps } = built(await runFrontend(sample(file, { images })));
    const stocks = steps.flatMap(({ job }) =>
      job?.kind === "stock" ? [job.images.map(({ reference }) => reference.path)] : [],
    );
    assert.deepEqual(stocks, [["library/redis"], ["library/postgres"]]);
  });

  it("fires beside a PRELOAD of the file on a builder without a linter", async () => {
    const file = "FROM base:1 AS base\nFROM docker:29-dind\nPRELOAD postgres:17\nCOPY --from=base / /\n";
    const outcome = await runFrontend(sample(file, { images, lints: false }));
    built(outcome);
    assert.deepEqual(preloadSteps(outcome.upstream.ran).sort(), [
      "[larder] fetch postgres:17",
      "[larder] fetch redis:7",
      "[larder] stock 1 image (2 layers)",
    ]);
  });

  it("fires where a stage builds FROM another one of the file", async () => {
    const file = "FROM docker:29-dind AS a\nONBUILD PRELOAD redis:7\nFROM a\nRUN own\n";
    const outcome = await runFrontend(sample(file, { images }));
    const { config, steps } = built(outcome);
    assert.equal(preloadSteps(outcome.upstream.ran).length, 2);
    assert.equal(mountsOf(stepNamed(steps, "[stage-1 1/1] RUN own"), steps)["/"], "[larder] merge layers #0");
    assert.equal(config.config.OnBuild, undefined);
  });

  it("fails with the line of the FROM that fires it", async () => {
    const broken = { ...images, "base:1": { config: { OnBuild: ["PRELOAD Redis"] } } };
    const failure = failed(await runFrontend(sample("FROM base:1\n", { images: broken })));
    assert.match(failure.message, /^ONBUILD of "base:1": PRELOAD: image "Redis": .*lowercase/);
    assert.deepEqual(failure.lines, [1]);
    const fails = ({ job }: { job: { kind: string } | undefined }) =>
      job?.kind === "fetch" ? JSON.stringify({ message: "no luck" }) : undefined;
    const step = failed(await runFrontend(sample("FROM docker:29-dind\nFROM base:1\n", { images, fails })));
    assert.match(step.message, /PRELOAD: image "redis:7": no luck$/);
    assert.deepEqual(step.lines, [2]);
  });

  it("is refused with a heredoc, of which an image would keep one line", async () => {
    const file = "FROM docker:29-dind\nONBUILD PRELOAD <<EOF\nredis:7\nEOF\n";
    const { message, lines } = failed(await runFrontend(sample(file, { images })));
    assert.match(message, /^ONBUILD PRELOAD: an image keeps one line of it, without a heredoc/);
    assert.equal(lines[0], 2);
  });

  it("does not disturb the answer to --check", async () => {
    const options = { requestid: "frontend.lint" };
    const { error, metadata } = await runFrontend(sample("FROM base:1\nRUN own\n", { images, options }));
    assert.equal(error, undefined);
    const answer: unknown = JSON.parse(metadata["result.json"]?.toString() ?? "");
    assert.ok(!JSON.stringify(answer).includes("buildError"), JSON.stringify(answer));
  });
});

import assert from "node:assert/strict";
import type { ImageConfig } from "../../test/harness/fake-instructions.js";
import { layerOf } from "../../test/harness/fake-upstream.js";
import { built, mountsOf, runFrontend, sample, stepNamed } from "../../test/harness/run-frontend.js";
import { NetMode, SecurityMode } from "../gen/ops.js";

/** Whole builds, against a builder whose steps do not run. */
describe("build with PRELOAD", function () {
  this.timeout(20_000);

  const historyOf = ({ history }: ImageConfig): string[] => history.map(({ created_by }) => created_by);
  const [debian, redis, postgres] = ["debian", "redis", "postgres"].map((name) => layerOf(name));

  it("fetches, stocks and merges between the steps above and below", async () => {
    const file = "FROM docker:29-dind\nRUN above\nPRELOAD redis:7\nRUN below\n";
    const outcome = await runFrontend(sample(file));
    const { config, steps } = built(outcome);
    assert.deepEqual(
      outcome.upstream.ran
        .map((name) => name.replace(/@sha256:\w+/, ""))
        .filter((name) => !/load|write/.test(name)),
      [
        "[1/3] FROM docker.io/library/docker:29-dind",
        "[2/3] RUN above",
        "[larder] fetch redis:7",
        "[larder] stock 1 image (2 layers)",
        "[larder] merge layers",
        "[3/3] RUN below",
      ],
    );
    assert.deepEqual(historyOf(config), [
      "RUN above",
      `PRELOAD redis:7, layer 1 of 2, ${debian}`,
      `PRELOAD redis:7, layer 2 of 2, ${redis}`,
      "PRELOAD redis:7, catalog",
      "RUN below",
    ]);
    assert.deepEqual(config.config.Labels, { "io.larder.preload": '{"version":2,"layers":2}' });

    const fetch = stepNamed(steps, "[larder] fetch redis:7");
    const stock = stepNamed(steps, "[larder] stock 1 image (2 layers)");
    assert.equal(fetch.exec?.security, SecurityMode.SANDBOX);
    assert.equal(fetch.exec?.network, NetMode.UNSET);
    assert.equal(stock.exec?.security, SecurityMode.INSECURE);
    assert.equal(stock.exec?.network, NetMode.NONE);
    const mounts = mountsOf(stock, steps);
    assert.equal(mounts["/stage"], "[2/3] RUN above #0");
    assert.match(mounts["/in/0"] ?? "", /^\[larder\] fetch redis:7 #/);
    assert.ok(stock.job?.kind === "stock");
    assert.deepEqual(stock.job.layers, [[debian], [redis]]);
    // The stage lowest, then the layers in their order, then the catalog: outputs of one step.
    const [lowest, ...upper] = stepNamed(steps, "[larder] merge layers").inputs;
    assert.equal(steps.find(({ digest }) => digest === lowest?.digest)?.name, "[2/3] RUN above");
    const outputs = (stock.exec?.mounts ?? []).filter(({ output }) => output !== -1).map(({ dest }) => dest);
    assert.deepEqual(
      upper.map(({ digest, index }) => digest === stock.digest && outputs[index]),
      ["/out/layer/0", "/out/layer/1", "/out/catalog"],
    );
    assert.equal(mountsOf(stepNamed(steps, "[3/3] RUN below"), steps)["/"], "[larder] merge layers #0");
  });

  it("asks the registry for the images, and nobody for their layers", async () => {
    const { upstream } = await runFrontend(sample("FROM docker:29-dind\nPRELOAD redis:7 postgres:17\n"));
    assert.deepEqual(upstream.resolved.map(({ Ref, ResolveMode }) => [Ref, ResolveMode]).sort(), [
      ["docker.io/library/postgres:17", "pull"],
      ["docker.io/library/redis:7", "pull"],
    ]);
  });

  it("shelves the blobs that the store needs", async () => {
    const digest = `sha256:${"b".repeat(64)}`;
    const blobs = [{ digest, size: 5, image: 0, position: 1 }];
    const outcome = await runFrontend(sample("FROM docker:29-dind\nPRELOAD redis:7\n", { blobs }));
    const { config, steps } = built(outcome);
    const { job } = stepNamed(steps, "[larder] shelve redis:7 layer 2/2");
    assert.deepEqual(job, { kind: "shelve", blobs: [digest] });
    assert.equal(historyOf(config)[2], `PRELOAD redis:7, blob of layer 2 of 2, ${digest}`);
    assert.equal(stepNamed(steps, "[larder] merge layers").inputs.length, 5);
  });

  it("places layer by layer where the builder lacks MergeOp", async () => {
    const file = "FROM docker:29-dind\nPRELOAD redis:7\n";
    const { steps } = built(await runFrontend(sample(file, { lacks: ["mergeop"] })));
    const mounts = mountsOf(stepNamed(steps, "[larder] place layer 2/3"), steps);
    assert.equal(mounts["/stage"], "[larder] place layer 1/3 #1");
    assert.match(mounts["/in/tree"] ?? "", /^\[larder\] stock 1 image/);
  });

  it("gives the second PRELOAD of a stage what the first one has not brought", async () => {
    const file = "FROM docker:29-dind\nPRELOAD redis:7\nRUN between\nPRELOAD postgres:17\n";
    const { config, steps } = built(await runFrontend(sample(file)));
    const [first, second] = steps.flatMap(({ job }) => (job?.kind === "stock" ? [job.layers] : []));
    assert.deepEqual(first, [[debian], [redis]]);
    assert.deepEqual(second, [[postgres]]);
    const stock = stepNamed(steps, "[larder] stock 1 image (1 layer)");
    assert.equal(mountsOf(stock, steps)["/stage"], "[2/2] RUN between #0");
    assert.deepEqual(
      historyOf(config).map((line) => line.replace(/, sha256:.*/, "")),
      [
        "PRELOAD redis:7, layer 1 of 2",
        "PRELOAD redis:7, layer 2 of 2",
        "PRELOAD redis:7, catalog",
        "RUN between",
        "PRELOAD postgres:17, layer 2 of 2",
        "PRELOAD postgres:17, catalog",
      ],
    );
    assert.deepEqual(config.config.Labels, { "io.larder.preload": '{"version":2,"layers":3}' });
  });

  it("leaves out a PRELOAD of a stage that the target does not need", async () => {
    const file =
      "FROM docker:29-dind AS one\nPRELOAD redis:7\nFROM docker:29-dind AS two\nPRELOAD nowhere:1\nFROM one AS three\nRUN x\n";
    const outcome = await runFrontend(sample(file));
    const { config } = built(outcome);
    const fetched = outcome.upstream.ran.filter((name) => name.startsWith("[larder] fetch"));
    assert.deepEqual(fetched, ["[larder] fetch redis:7"]);
    assert.equal(historyOf(config).at(-1), "RUN x");
    const asked = await runFrontend(
      sample(file.replace("redis:7", "elsewhere:1").replace("nowhere:1", "redis:7"), {
        options: { target: "TWO" },
      }),
    );
    assert.equal(historyOf(built(asked).config).at(-1), "PRELOAD redis:7, catalog");
  });

  it("expands variables as they are at the PRELOAD, and keeps them for what is below", async () => {
    const file = `ARG BASE=docker:none
FROM \${BASE}
ARG VERSION=6
ENV NAME=redis
PRELOAD \${NAME}:\${VERSION} "\${OTHER:-postgres:17}"
RUN below
`;
    const options = { "build-arg:BASE": "docker:29-dind", "build-arg:VERSION": "7" };
    const outcome = await runFrontend(sample(file, { options }));
    const { config, steps } = built(outcome);
    const names = steps.map(({ name }) => name).filter((name) => name.startsWith("[larder] fetch"));
    assert.deepEqual(names.sort(), ["[larder] fetch postgres:17", "[larder] fetch redis:7"]);
    const { exec } = stepNamed(steps, "[2/2] RUN below");
    const env = exec?.meta?.env.filter((line) => !line.startsWith("PATH="));
    assert.deepEqual(env?.sort(), ["NAME=redis", "VERSION=7"]);
    // What stands above again for the part below is in the history once.
    const lines = historyOf(config).filter((line) => !line.startsWith("PRELOAD"));
    assert.deepEqual(lines, ["ARG VERSION=6", "ENV NAME=redis", "RUN below"]);
  });

  it("keeps CMD for an ENTRYPOINT below, and ONBUILD for those who build on the image", async () => {
    const file = 'FROM docker:29-dind\nCMD ["x"]\nONBUILD RUN later\nPRELOAD redis:7\nENTRYPOINT ["y"]\n';
    const { config, steps } = built(await runFrontend(sample(file)));
    const { Cmd, Entrypoint, OnBuild } = config.config;
    assert.deepEqual({ Cmd, Entrypoint, OnBuild }, { Cmd: ["x"], Entrypoint: ["y"], OnBuild: ["RUN later"] });
    assert.ok(!steps.some(({ name }) => name.includes("later")));
  });

  it("packs a stage for --from=, with the layers of its base", async () => {
    const file = "FROM redis:7 AS app\nRUN make\nFROM docker:29-dind\nPRELOAD --from=app example.com/app:1\n";
    const outcome = await runFrontend(sample(file));
    const { steps } = built(outcome);
    const pack = stepNamed(steps, "[larder] pack example.com/app:1");
    const mounts = mountsOf(pack, steps);
    assert.match(mounts["/in/trees/0"] ?? "", /^\[app 1\/2\] FROM docker.io\/library\/redis:7@/);
    assert.equal(mounts["/in/trees/1"], "[app 2/2] RUN make #0");
    assert.match(mounts["/in/0"] ?? "", /^\[larder\] fetch redis:7 #/);
    assert.ok(pack.job?.kind === "pack" && pack.job.trees === 2);
    assert.deepEqual(pack.job.base?.diffIds, [debian, redis]);
    const { job } = stepNamed(steps, "[larder] stock 1 image (2 layers)");
    assert.ok(job?.kind === "stock");
    assert.equal(job.images[0]?.reference.domain, "example.com");
    assert.match(job.images[0]?.reference.digest ?? "", /^sha256:/);
  });
});

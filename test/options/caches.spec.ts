import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { type EngineName, engineNames, lab, labImage } from "../harness/lab.js";
import { PrivateEngine } from "../harness/private-engine.js";
import { cached, ran } from "./steps.js";

const busybox = labImage("busybox:1");
const fetch = `[larder] fetch ${busybox}`;
const describes = "[larder] describe 1 image";

describe("the cache", () => {
  after(cleanUp);

  describe("that another builder exports", () => {
    const dockerfile = `FROM ${lab.system}
RUN echo above caches >/above
PRELOAD ${busybox}
RUN echo below >/below
`;
    const tag = labImage("e2e/options-cache:1");
    const exported = labImage("e2e/options-cache:max");
    let folder: string;
    let fresh: PrivateEngine;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "larder-cache-"));
      const kinds = [
        `type=registry,ref=${exported},mode=max`,
        `type=local,dest=${folder}/max,mode=max`,
        "type=inline",
      ];
      const args = ["--push", ...kinds.flatMap((kind) => ["--cache-to", kind])];
      [fresh] = await Promise.all([
        PrivateEngine.start("e2e-caches", "--store", "containerd"),
        build({ dockerfile, tag, args }),
      ]);
      // Not through BuildKit, which would know the image then.
      await docker(["pull", "--quiet", lab.frontend], { engine: fresh.host });
    });
    after(() => rmSync(folder, { recursive: true }));

    for (const [kind, from] of [
      ["registry", () => `type=registry,ref=${exported}`],
      ["inline", () => `type=registry,ref=${tag}`],
      ["local", () => `type=local,src=${folder}/max`],
    ] as const) {
      it(`is used by one that has none: ${kind}`, async () => {
        await docker(["builder", "prune", "--all", "--force"], { engine: fresh.host });
        const args = ["--cache-from", from(), "--output", "type=cacheonly"];
        const log = await build({ engine: fresh.host, dockerfile, args });
        assert.match(log, /importing cache manifest from /);
        if (kind !== "inline") assert.ok(cached(log, "RUN echo below"), log);
        // The image has the layers, but not the records of the steps that unpacked them.
        const steps = kind === "inline" ? ["RUN echo"] : ["RUN echo", fetch, "[larder] unpack", describes];
        for (const step of steps) assert.ok(!ran(log, step), log);
      });
    }
  });

  it("is not used for the stages that --no-cache-filter names", async () => {
    const dockerfile = `FROM ${lab.system} AS one
PRELOAD ${busybox}
FROM one AS two
RUN echo no-cache-filter >/two
PRELOAD ${labImage("pause:3")}
FROM scratch
COPY --from=two /usr/lib/larder/preload.json /
`;
    const request = { dockerfile, args: ["--output", "type=cacheonly"] };
    await build(request);
    const log = await build({ ...request, args: ["--no-cache-filter", "two", ...request.args] });
    assert.equal([...log.matchAll(/ unpacked layer sha256:/g)].length, 1, log);
    assert.ok(ran(log, `[larder] fetch ${labImage("pause:3")}`), log);
    assert.ok(!ran(log, fetch), log);
  });
});

describe("SOURCE_DATE_EPOCH", () => {
  const epoch = 1_700_000_000;

  /** Without a RUN, since its files have the time of the build. */
  async function built(engine: EngineName, name: string) {
    const tag = labImage(`e2e/options-epoch:${name}`);
    const dockerfile = `FROM ${lab.system}\nPRELOAD ${busybox}\nLABEL below=1\n`;
    await build({ engine, dockerfile, tag, args: ["--no-cache", `--build-arg=SOURCE_DATE_EPOCH=${epoch}`] });
    const image = await docker(["image", "inspect", "--format", "{{.Id}} {{.Created}}", tag], { engine });
    const history = ["history", "--format", "{{.CreatedBy}}: {{.CreatedAt}}", "--human=false", tag];
    return { image: image.trim(), history: await docker(history, { engine }) };
  }

  for (const engine of engineNames) {
    it(`makes the images of two uncached builds equal (${engine})`, async () => {
      const first = await built(engine, "first");
      assert.deepEqual(await built(engine, "second"), first);
      const [, created = ""] = first.image.split(" ");
      assert.equal(new Date(created).getTime(), epoch * 1000);
      const own = first.history.split("\n").filter((line) => line.startsWith("PRELOAD "));
      assert.equal(own.length, 2);
      for (const line of own) assert.match(line, /: 2023-11-14T22:13:20Z$/);
    });
  }
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { lab, labImage } from "../harness/lab.js";
import { buildctl, buildctlBuild, contextWith, inner, temporary } from "./fixture.js";

const dockerfile = `FROM ${lab.system}
RUN echo above >/above
PRELOAD ${inner[0]}
RUN echo between >/between
PRELOAD ${inner[1]}
RUN echo below >/below
`;

describe("the cache of a buildkitd goes elsewhere and comes back", () => {
  const tag = labImage("e2e/cache:image");
  const registry = labImage("e2e/cache:cache");
  let local: string;

  before(async () => {
    local = join(temporary(), "cache");
    const caches = [
      `type=local,mode=max,dest=${local}`,
      `type=registry,mode=max,ref=${registry}`,
      "type=inline",
    ];
    const args = caches.flatMap((cache) => ["--cache-to", cache]);
    await build({ dockerfile, tag, args: ["--push", ...args] });
  });
  after(cleanUp);

  const kinds = [
    { kind: "a folder", from: () => `type=local,src=${local}` },
    { kind: "the registry", from: () => `type=registry,ref=${registry}` },
  ];
  for (const { kind, from } of kinds) {
    it(`by ${kind}: no step of a PRELOAD runs again`, async () => {
      await buildctl("prune", "--all");
      const log = await build({ dockerfile, args: ["--cache-from", from(), "--output", "type=cacheonly"] });
      assertNothingRan(log);
    });
  }

  it("by the image itself, which has the layers but not their records: only layers are unpacked again", async () => {
    await buildctl("prune", "--all");
    const from = ["--cache-from", `type=registry,ref=${tag}`];
    const log = await build({ dockerfile, args: [...from, "--output", "type=cacheonly"] });
    assert.match(log, /^#\d+ importing cache manifest from /m);
    assert.doesNotMatch(log, /^#\d+ \d+\.\d+ above$/m);
  });

  it("by the option of older clients and of Docker's build API", async () => {
    await buildctl("prune", "--all");
    const options = [`source=${lab.frontend}`, `cache-from=${labImage("e2e/cache:none")},${registry}`];
    const flags = ["--frontend", "gateway.v0", ...options.flatMap((option) => ["--opt", option])];
    assertNothingRan(await buildctlBuild(contextWith(dockerfile), ...flags));
  });

  function assertNothingRan(log: string): void {
    assert.match(log, /^#\d+ importing cache manifest from /m);
    assert.match(log, /^#\d+ \[larder\] describe /m);
    // A step may pull its result from elsewhere, without CACHED in the log. A step that runs prints something.
    assert.doesNotMatch(log, /^#\d+ \d+\.\d+ (layer \d+ sha256:|unpacked layer )/m);
  }
});

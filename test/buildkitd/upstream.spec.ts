import assert from "node:assert/strict";
import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Build, build, failingBuild } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { lab } from "../harness/lab.js";
import { inner, target, temporary } from "./fixture.js";

/** `COPY --parents` came with Dockerfile 1.20; Docker 28.5 has 1.19 built in. */
const dockerfile = `FROM ${lab.system} AS system
COPY --parents deep/above /seen/
PRELOAD ${inner.join(" ")}
COPY --parents deep/below /seen/
FROM scratch
COPY --from=system /seen /usr/lib/larder/preload.json /
`;
const files = { "deep/above": "x", "deep/below": "y" };

describe("LARDER_UPSTREAM: another frontend in place of the built-in one", () => {
  let folder: string;
  before(() => {
    folder = temporary();
  });
  after(cleanUp);

  const request = (env: Record<string, string>, ...args: readonly string[]): Build => ({
    dockerfile,
    files,
    env,
    args: [...args, "--no-cache"],
  });
  const byDocker = { BUILDX_BUILDER: "" };

  it("Docker 28.5 has an older one, which refuses newer syntax", async () => {
    const log = await failingBuild(request(byDocker, "--output", "type=cacheonly"));
    assert.match(log, /unknown flag: parents|--parents/);
  });

  for (const [name, env] of [
    ["dockerd", byDocker],
    ["buildkitd", {}],
  ] as const) {
    it(`builds all but PRELOAD, on ${name}`, async () => {
      const out = mkdtempSync(join(folder, "out-"));
      const { upstream } = target();
      const args = ["--build-arg", `LARDER_UPSTREAM=${upstream}`, "--output", `type=local,dest=${out}`];
      const log = await build(request(env, ...args));
      assert.deepEqual(readdirSync(out, { recursive: true, encoding: "utf8" }).sort(), [
        "deep",
        "deep/above",
        "deep/below",
        "preload.json",
      ]);
      assert.ok(log.includes(`docker-image://${upstream}`), log);
    });
  }
});

import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import type { EngineOptions } from "../harness/docker.js";
import { lab, labImage } from "../harness/lab.js";
import { PrivateEngine } from "../harness/private-engine.js";
import { assertSentence, refusal } from "./refused.js";

/** An engine that reaches a mirror of Docker Hub, but not Docker Hub. */
describe("errors: a registry that only the builder reaches, by a mirror", () => {
  let engine: NonNullable<EngineOptions["engine"]>;
  const [host] = lab.registry.split(":");

  before(async () => {
    const copy = ["--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false"];
    const [from, to] = [labImage("busybox:1"), labImage("library/busybox:1")];
    await output(lab.skopeo, [...copy, `docker://${from}`, `docker://${to}`]);
    engine = (await PrivateEngine.start("e2e-mirror", "--mirror", `http://${lab.registry}`)).host;
    await build({ engine, larder: false, dockerfile: `FROM ${lab.system}\n`, tag: "warm:1" });
  });
  after(cleanUp);

  const sentence = (way: RegExp, preload: RegExp) =>
    new RegExp(
      `^the registry docker\\.io cannot be reached ${way.source} \\(.*\\); to take it from a mirror that can be reached, write ${preload.source}$`,
    );

  async function refusedSoon(
    shows: string,
    image: string,
    pattern: RegExp,
    ...args: string[]
  ): Promise<void> {
    const started = performance.now();
    const refused = await refusal({ engine, dockerfile: `FROM ${lab.system}\n${shows}\n`, shows, args });
    assertSentence(refused, image, pattern);
    const seconds = (performance.now() - started) / 1000;
    assert.ok(seconds < 30, `it took ${seconds} s\n${refused.log}`);
  }

  it("is named soon, with the instruction that takes the mirror", () =>
    refusedSoon(
      "PRELOAD busybox:1",
      "busybox:1",
      sentence(
        /from a build step, which knows none of the builder's mirrors/,
        /PRELOAD --from=mirror\.example\/library\/busybox:1 busybox:1/,
      ),
    ));

  it("keeps the name that the image is to have", () =>
    refusedSoon(
      "PRELOAD --from=busybox:1 box:2",
      "box:2",
      sentence(/from a build step, .*/, /PRELOAD --from=mirror\.example\/library\/busybox:1 box:2/),
    ));

  it("may be behind a proxy that does not answer", () =>
    refusedSoon(
      "PRELOAD busybox:1",
      "busybox:1",
      sentence(
        /through the proxy \S+:3128 of the build arguments: check these and NO_PROXY/,
        /PRELOAD --from=.*/,
      ),
      "--build-arg",
      `HTTPS_PROXY=http://${host?.replace(/\d+$/, "253")}:3128`,
    ));

  it("builds as the error says", async () => {
    const from = labImage("library/busybox:1");
    const dockerfile = `FROM ${lab.system}\nPRELOAD --from=${from} busybox:1\n`;
    await build({ engine, dockerfile, tag: "e2e-errors-mirror:1" });
  });
});

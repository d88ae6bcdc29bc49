import assert from "node:assert/strict";
import { assertSentence, lastWords, refusal } from "../errors/refused.js";
import { build, failingBuild } from "../harness/build.js";
import { engineNames, lab, labImage } from "../harness/lab.js";
import { waysOut } from "./ways-out.js";

const busybox = labImage("busybox:1");
const shows = `PRELOAD ${busybox}`;
const dockerfile = `FROM ${lab.system}\n${shows}\nRUN echo below\n`;

function withSecurity(value: string): string[] {
  return ["--build-arg", `LARDER_SECURITY=${value}`];
}

for (const engine of engineNames) {
  describe(`privilege: refused, ${engine}`, () => {
    it("is not asked for by default: a plain build succeeds", async () => {
      const log = await build({ engine, dockerfile, via: "direct", args: ["--output", "type=cacheonly"] });
      assert.match(log, /^#\d+ \[larder\] describe 1 image$/m);
    });

    it("the daemon way without --allow: the ways out, the direct one first", async () => {
      const request = { engine, dockerfile, shows, via: "daemon", allowInsecure: false } as const;
      assertSentence(await refusal(request), busybox, waysOut);
    });

    it("LARDER_SECURITY=insecure without --allow: the same", async () => {
      const args = withSecurity("insecure");
      const request = { engine, dockerfile, shows, via: "daemon", allowInsecure: false, args } as const;
      assertSentence(await refusal(request), busybox, waysOut);
    });

    it("LARDER_SECURITY=sysbox where the runtime is runc", async () => {
      assertSentence(
        await refusal({ engine, dockerfile, shows, via: "daemon", args: withSecurity("sysbox") }),
        busybox,
        /^the stock step may not mount file systems, so its runtime is not sysbox-runc: build with LARDER_SECURITY=auto/,
      );
    });

    it("a value that LARDER_SECURITY does not have", async () => {
      const log = await failingBuild({
        engine,
        dockerfile,
        via: "daemon",
        args: withSecurity("sysbox-runc"),
      });
      assert.equal(
        lastWords(log),
        'build argument LARDER_SECURITY="sysbox-runc": write auto, sysbox or insecure',
      );
    });
  });
}

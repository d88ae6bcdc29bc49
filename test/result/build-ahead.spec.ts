import assert from "node:assert/strict";
import { refusal } from "../errors/refused.js";
import { build } from "../harness/build.js";
import { engineNames, lab, labImage } from "../harness/lab.js";

const busybox = labImage("busybox:1");

for (const engine of engineNames) {
  describe(`a stage without PRELOAD, beside one with it, ${engine}`, () => {
    /** Steps with a common folder, in which each sees if another has begun. */
    const meet = `RUN --mount=type=cache,target=/meet,id=beside-${engine}-${process.pid}`;
    const waitFor = (file: string): string =>
      `i=0; until [ -e /meet/${file} ]; do i=$((i + 1)); [ $i -lt 300 ] || exit 7; sleep 0.1; done`;

    it("is built while the other is: neither waits for the end of the other", async () => {
      await build({
        engine,
        dockerfile: `FROM ${busybox} AS beside
${meet} touch /meet/beside; ${waitFor("above")}
FROM ${lab.system}
${meet} touch /meet/above; ${waitFor("beside")}
PRELOAD ${busybox}
COPY --from=beside /bin/busybox /opt/
`,
        args: ["--output", "type=cacheonly"],
      });
    });

    it("ends the build as soon as it fails", async () => {
      const shows = `${meet} ${waitFor("begun")}; exit 3`;
      const { message } = await refusal({
        engine,
        shows,
        dockerfile: `FROM ${busybox} AS beside
${shows}
FROM ${lab.system}
${meet} touch /meet/begun; ${waitFor("never")}
PRELOAD ${busybox}
COPY --from=beside /bin/busybox /opt/
`,
      });
      assert.match(message, /exit code: 3$/);
    });
  });
}

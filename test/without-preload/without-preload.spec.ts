import assert from "node:assert/strict";
import { build, failingBuild } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { engineNames, lab, labImage } from "../harness/lab.js";

/** Many features at once; the parts that carry a time have a fixed one. */
const dockerfile = `ARG REGISTRY
FROM \${REGISTRY}/busybox:1 AS files
ARG NAME=world
RUN <<EOF
echo "hello \${NAME}" >/greeting
EOF
COPY --chmod=755 script /script

FROM \${REGISTRY}/debian:trixie AS last
SHELL ["/bin/bash", "-c"]
ENV PLACE=/opt TWICE="\${PLACE}/x"
WORKDIR /work
COPY --from=files /greeting /script ./
RUN --mount=type=bind,from=files,target=/files cat /files/greeting >>/work/greeting
LABEL one=1 two="\${PLACE}"
USER daemon
HEALTHCHECK --interval=5s CMD true
ONBUILD RUN echo later
ENTRYPOINT ["/work/script"]
CMD ["a", "b"]
`;
const files = { script: "#!/bin/sh\necho script\n" };
const args = [
  "--build-arg",
  `REGISTRY=${lab.registry}`,
  "--build-arg",
  "SOURCE_DATE_EPOCH=0",
  "--no-cache-filter",
  "x",
];

/** The image's config and layers; the same bytes have the same digest. */
async function imageOf(engine: (typeof engineNames)[number], larder: boolean): Promise<unknown> {
  const tag = `larder-e2e-without-preload-${larder ? "larder" : "stock"}`;
  await build({ engine, larder, dockerfile, files, args, tag, allowInsecure: false });
  const [image] = JSON.parse(await docker(["image", "inspect", tag], { engine }));
  return { id: image.Id, config: image.Config, layers: image.RootFS.Layers };
}

/** What buildx prints of a failed build, without the progress above it and the words of the first line. */
function errorOf(log: string): string {
  const text = log.slice(log.search(/^Dockerfile:\d+$/m));
  return text.replace(/^.*(# syntax=.*|# no syntax line)$/gm, "");
}

for (const engine of engineNames) {
  describe(`a Dockerfile without PRELOAD, ${engine}`, () => {
    after(cleanUp);

    it("gives the same image as without Larder", async () => {
      assert.deepEqual(await imageOf(engine, true), await imageOf(engine, false));
    });

    const broken = {
      "a failing RUN": `FROM ${labImage("busybox:1")}\nRUN echo before\nRUN false\n`,
      "an unknown instruction": `FROM ${labImage("busybox:1")}\nFOO bar\n`,
      "an unknown image": `FROM ${labImage("no-such-image:1")}\nRUN true\n`,
      "a missing file": `FROM ${labImage("busybox:1")}\nCOPY missing /\n`,
    };
    for (const [what, text] of Object.entries(broken)) {
      it(`fails with the same text and excerpt: ${what}`, async () => {
        const fail = (larder: boolean) =>
          failingBuild({ engine, larder, dockerfile: text, allowInsecure: false });
        const [with_, without] = [errorOf(await fail(true)), errorOf(await fail(false))];
        // A checksum of the context is in the message, and a key that differs from build to build.
        const plain = (error: string): string => error.replaceAll(/[0-9a-z]{25}::[0-9a-z]{25}/g, "KEY");
        assert.match(with_, /^ERROR: /m);
        assert.equal(plain(with_), plain(without));
      });
    }

    it("is built where PRELOAD stands only in a stage that is not needed", async () => {
      const text = `FROM no.such.registry/system AS unused\nPRELOAD no.such.registry/image\nFROM ${labImage("busybox:1")}\nRUN true\n`;
      await build({ engine, dockerfile: text, allowInsecure: false });
    });
  });
}

import assert from "node:assert/strict";
import { type Build, build, failingBuild } from "../harness/build.js";
import { docker } from "../harness/docker.js";
import { engineNames, labImage } from "../harness/lab.js";

const busybox = labImage("busybox:1");
const files = {
  "a.txt": "a\n",
  "folder/b.txt": "b\n",
  "folder/ignored.txt": "not sent\n",
  ".dockerignore": "**/ignored.txt\nDockerfile\n",
};
const dockerfile = `ARG TAG=1
FROM ${busybox} AS first
ARG GIVEN=default
ENV NAME=value
SHELL ["/bin/sh", "-ec"]
RUN echo "$GIVEN" >/given
COPY --chmod=640 <<-"EOF" /here/document
	text with $NAME
EOF
RUN <<EOF
mkdir /x
echo "$NAME" >/x/name
EOF

FROM ${busybox.replace(/1$/, "")}\${TAG}
COPY --from=first /given /x/ /
COPY --link folder /folder
RUN --mount=type=bind,target=/context --mount=type=cache,target=/cache cp /context/a.txt / && ls /context/folder
WORKDIR /folder
USER 1000
ENTRYPOINT ["/bin/sh"]
CMD ["-c", "true"]
LABEL a=b
`;

/** What the client prints of an error: an excerpt of the Dockerfile and a sentence. */
function errorOf(log = ""): string {
  const start = log.search(/^(Dockerfile:\d+$|ERROR: failed)/m);
  assert.ok(start >= 0, log);
  return log.slice(start);
}

for (const engine of engineNames) {
  describe(`a Dockerfile without PRELOAD, ${engine}`, () => {
    const epoch = ["--build-arg", "SOURCE_DATE_EPOCH=1700000000"];

    async function imageOf(request: Build, tag: string) {
      const name = `larder-test/without-preload:${tag}`;
      const log = await build({ ...request, engine, tag: name, args: [...epoch, ...(request.args ?? [])] });
      const inspected = await docker(["image", "inspect", "--format", "{{json .}}", name], { engine });
      const { Id, RootFS, Config, Created } = JSON.parse(inspected);
      await docker(["image", "rm", name], { engine });
      return { log, image: { Id, RootFS, Config, Created } };
    }

    it("gives the image that the stock frontend gives", async () => {
      const request = { dockerfile, files, args: ["--build-arg", "GIVEN=given"] };
      const theirs = await imageOf({ ...request, larder: false }, "stock");
      const ours = await imageOf(request, "larder");
      assert.deepEqual(ours.image, theirs.image);
      assert.equal([...ours.log.matchAll(/^#\d+ CACHED$/gm)].length >= 5, true, "steps are others");
    });

    it("has the Dockerfile sent once, although two frontends read it", async () => {
      const log = await build({ dockerfile: `FROM ${busybox}\n`, engine });
      assert.equal([...log.matchAll(/^#\d+ \[internal\] load build definition/gm)].length, 1, log);
    });

    it("gives the image of the file without the stages that nobody needs", async () => {
      const unneeded = `FROM ${busybox} AS unneeded\nPRELOAD no-such-image\n\n`;
      const request = { dockerfile: dockerfile.replace("\nFROM", `\n${unneeded}FROM`), files };
      const stock = { dockerfile: request.dockerfile.replace(/^PRELOAD .*/m, ""), files, larder: false };
      assert.deepEqual((await imageOf(request, "larder")).image, (await imageOf(stock, "stock")).image);
    });

    const faults: { title: string; text: string }[] = [
      {
        title: "a RUN that fails",
        text: `FROM ${busybox}\nRUN true\nRUN echo last words && exit 3\nRUN true\n`,
      },
      { title: "an unknown instruction", text: `FROM ${busybox}\nRUN true\nPRELOADED x\n` },
      { title: "a parse error", text: `FROM ${busybox}\nRUN --mount=type=nonsense x\n` },
      { title: "an unterminated heredoc", text: `FROM ${busybox}\nRUN <<EOF\ntrue\n` },
      { title: "a file that is missing", text: `FROM ${busybox}\nCOPY missing /\n` },
      { title: "an unknown image", text: `FROM ${labImage("no-such-image")}\n` },
      { title: "an empty file", text: "" },
    ];
    for (const { title, text } of faults) {
      it(`gives the error that the stock frontend gives: ${title}`, async () => {
        const [theirs, ours] = await Promise.all(
          [false, true].map((larder) => failingBuild({ engine, dockerfile: text, larder })),
        );
        const comparable = (log = "") =>
          errorOf(log)
            .replaceAll(/# (no syntax line|syntax=.*)/g, "#")
            .replaceAll(/ref [\w:-]+: /g, "");
        assert.equal(comparable(ours), comparable(theirs));
      });
    }

    it("gives the sentence that the stock frontend gives: an unknown target", async () => {
      // An error without a place gets that of the syntax line, from the frontend that called this one.
      const log = await failingBuild({
        engine,
        dockerfile: `FROM ${busybox}\n`,
        args: ["--target", "nobody"],
      });
      assert.match(
        log,
        /^ERROR: failed to build: failed to solve: target stage "nobody" could not be found$/m,
      );
    });

    it("gives the error of a file with unneeded PRELOADs, and shows the file as it is", async () => {
      const text = `FROM ${busybox} AS x\nPRELOAD no-such-image\nFROM ${busybox}\nRUN exit 3\n`;
      const log = await failingBuild({ engine, dockerfile: text });
      assert.match(log, /^Dockerfile:5$/m);
      assert.match(log, /^ +3 \| +PRELOAD no-such-image$/m);
      assert.match(log, /^ +5 \| >>> RUN exit 3$/m);
      assert.match(log, /did not complete successfully: exit code: 3/);
    });
  });
}

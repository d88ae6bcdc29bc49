import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Build, build, failingBuild, tryBuild } from "../harness/build.js";
import { lab, labImage } from "../harness/lab.js";
import { buildPlan, type Plan } from "../harness/plan.js";
import { registryImage } from "../harness/registry-image.js";

const registry = lab.registry;
const from = (stage = "") => `FROM ${lab.system}${stage && ` AS ${stage}`}`;
const missing = labImage("e2e/there-is-no-such-image");

async function planOf(dockerfile: string, request: Partial<Build> = {}): Promise<Plan> {
  return (await buildPlan({ dockerfile, ...request })).plan;
}

/** The stage and the images of each cut, without the registry. */
const imagesOf = (plan: Plan): [stage: string, ...images: string[]][] =>
  plan.cuts.map(({ stage, images }) => [
    stage,
    ...images.map(({ name }) => name.replace(`${registry}/`, "")),
  ]);

describe("the language", () => {
  it("takes several lines with comments between, and any number of PRELOADs", async () => {
    const plan = await planOf(`${from("one")}
PRELOAD ${registry}/redis \\
    # the version that we had
  ${registry}/python:3 \\

  ${registry}/busybox:1
RUN true
preload ${registry}/nginx:latest
PRELOAD ${registry}/redis
`);
    assert.deepEqual(imagesOf(plan), [
      ["one", "redis:latest", "python:3", "busybox:1"],
      ["one", "nginx:latest"],
      ["one", "redis:latest"],
    ]);
    assert.deepEqual(
      plan.cuts.map(({ lines }) => lines),
      [
        { start: 3, end: 7 },
        { start: 9, end: 9 },
        { start: 10, end: 10 },
      ],
    );
    assert.deepEqual(plan.cuts[2]?.outerLayers, [], "its layers are there since the first cut");
  });

  it("expands ARG and ENV as other instructions do", async () => {
    const plan = await planOf(
      `ARG GLOBAL=${registry}
${from()}
ARG GLOBAL TAG=no GIVEN=no
ENV NAME=redis QUOTED="${registry}/python:3 ${registry}/busybox"
ARG EMPTY=
PRELOAD \${GLOBAL}/\${NAME}:\${UNSET:-latest} "$GLOBAL/busybox:\${TAG:+1}" $QUOTED $EMPTY \\
  $GLOBAL/$GIVEN '${registry}/nginx'
`,
      { args: ["--build-arg", "GIVEN=busybox:1.38"] },
    );
    assert.deepEqual(imagesOf(plan), [
      ["stage-0", "redis:latest", "busybox:1", "python:3", "busybox:latest", "busybox:1.38", "nginx:latest"],
    ]);
  });

  it("does not expand variables that are escaped or in single quotes", async () => {
    for (const word of ["\\$IMAGE", "'$IMAGE'"]) {
      const log = await failingBuild({
        dockerfile: `${from()}\nENV IMAGE=${registry}/redis\nPRELOAD ${word}`,
      });
      assert.match(log, /PRELOAD: image "\$IMAGE": invalid reference format/);
    }
  });

  it("takes the escape token of the file", async () => {
    const dockerfile = `${from()}\nARG NAME=redis\nPRELOAD ${registry}/\`\n$NAME`;
    const { plan } = await buildPlan({ dockerfile: `# escape=\`\n${dockerfile}` });
    assert.deepEqual(imagesOf(plan), [["stage-0", "redis:latest"]]);
  });

  it("normalises references as Docker does", async () => {
    const busybox = await registryImage(labImage("busybox:1"));
    const name = `${registry}/busybox`;
    const plan = await planOf(`${from()}
PRELOAD ${name} ${name}:latest ${name}:1@${busybox.digest} ${name}@${busybox.digest}
`);
    assert.deepEqual(imagesOf(plan), [
      ["stage-0", "busybox:latest", "busybox:1", `busybox@${busybox.digest}`],
    ]);
    assert.deepEqual(
      plan.cuts[0]?.images.map(({ digest }) => digest),
      [busybox.digest, busybox.digest, busybox.digest],
    );
    assert.deepEqual(
      plan.cuts[0]?.outerLayers.map(({ diffIds }) => diffIds),
      [busybox.diffIds],
    );
  });

  it("takes --platform and --network", async () => {
    const plan = await planOf(`${from()}
PRELOAD --platform=linux/amd64 --network=none ${registry}/busybox
ARG NET=host PLATFORM=linux/amd64
PRELOAD --network=$NET --platform=\${PLATFORM} ${registry}/busybox
`);
    assert.deepEqual(
      plan.cuts.map(({ images }) => images.map(({ platform, network }) => [platform, network])),
      [[["linux/amd64", "none"]], [["linux/amd64", "host"]]],
    );
  });

  it("is planned for each of several platforms", async () => {
    const folder = mkdtempSync(join(tmpdir(), "larder-platforms-"));
    try {
      const dockerfile = `${from()}\nPRELOAD --platform=linux/amd64 ${registry}/busybox\n`;
      const flags = ["--platform", "linux/amd64,linux/arm64", "--output", `type=local,dest=${folder}`];
      await build({ dockerfile, args: [...flags, "--build-arg", "LARDER_PLAN=1"] });
      const plans = ["linux_amd64", "linux_arm64"].map(
        (name): Plan => JSON.parse(readFileSync(join(folder, name, "plan.json"), "utf8")),
      );
      assert.deepEqual(plans.flatMap(imagesOf), [
        ["stage-0", "busybox:latest"],
        ["stage-0", "busybox:latest"],
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("sees no PRELOAD in heredocs, comments and continued lines", async () => {
    const plan = await planOf(`${from()}
# PRELOAD ${missing}
RUN <<EOF
PRELOAD ${missing}
EOF
RUN echo "<<EOF" \\
  PRELOAD ${missing}
COPY <<"A" <<-B /x/
PRELOAD ${missing}
A
	B
PRELOAD ${registry}/busybox
`);
    assert.deepEqual(imagesOf(plan), [["stage-0", "busybox:latest"]]);
  });

  it("answers --check and --call about the rest as if there were no PRELOAD", async () => {
    const dockerfile = `# what it is for
${from("one")}
ARG IMAGE=redis
PRELOAD ${registry}/$IMAGE
from scratch AS Two
`;
    const stock = dockerfile.replace(/^PRELOAD .*/m, "");
    const quoted = (answer: string) =>
      answer
        .replaceAll(/\/tmp\/larder-test-\w+/g, "")
        .replaceAll(/"([\w+/]{40,}={0,2})"/g, (_, data: string) =>
          Buffer.from(data, "base64").toString("utf8"),
        );
    for (const call of ["check", "outline,format=json", "targets"]) {
      const args = ["--call", call];
      const [ours, theirs] = [
        await tryBuild({ dockerfile, args }),
        await tryBuild({ dockerfile: stock, larder: false, args }),
      ];
      // The quoted file is the user's, with the `# syntax=` line, in a folder of its own.
      const plain = ({ stdout }: typeof ours) =>
        quoted(stdout).replaceAll(/PRELOAD .*|^ *# (syntax=|no syntax).*/gm, "");
      assert.ok(plain(theirs).length > 0, `${call}: ${theirs.stderr}`);
      assert.deepEqual([ours.status, plain(ours)], [theirs.status, plain(theirs)], `${call}: ${ours.stderr}`);
      if (call !== "targets") assert.match(quoted(ours.stdout), /PRELOAD .*\$IMAGE/, call);
    }
  });

  describe("stages", () => {
    const dockerfile = `ARG NAME=base
${from("base")}
PRELOAD ${registry}/busybox
FROM \${NAME} AS child
PRELOAD ${registry}/redis
FROM scratch AS copied
COPY --from=child /etc/debian_version /x
FROM scratch AS mounted
RUN --mount=type=bind,from=1,target=/x true
${from("unneeded")}
PRELOAD ${missing}
FROM copied
`;
    const both = [
      ["base", "busybox:latest"],
      ["child", "redis:latest"],
    ];

    it("are preloaded if others build FROM them, copy from them or mount them", async () => {
      assert.deepEqual(imagesOf(await planOf(dockerfile)), both);
      assert.deepEqual(imagesOf(await planOf(dockerfile, { args: ["--target", "MOUNTED"] })), both);
    });

    it("end at the target", async () => {
      const plan = await planOf(dockerfile, { args: ["--target", "base"] });
      assert.deepEqual([plan.target, imagesOf(plan)], ["base", both.slice(0, 1)]);
    });

    it("are neither resolved nor fetched if they are not needed", async () => {
      const { log } = await buildPlan({ dockerfile });
      assert.ok(!log.includes(missing), log);
      const needed = await failingBuild({ dockerfile, args: ["--target", "unneeded"] });
      assert.ok(needed.includes(`PRELOAD: image "${missing}": `), needed);
    });

    it("are left to the named contexts that replace them", async () => {
      const replaced = ["--build-context", `child=docker-image://${labImage("busybox")}`];
      const log = await failingBuild({ dockerfile, args: replaced });
      assert.match(log, /"\/etc\/debian_version": not found/, "it is looked for in busybox");
      assert.doesNotMatch(log, /\[larder\]/);
    });
  });
});

import assert from "node:assert/strict";
import { lab, labImage } from "../harness/lab.js";
import { assertSentence, refusal } from "./refused.js";

const busybox = labImage("busybox:1");

function below(...lines: readonly string[]): string {
  return [`FROM ${lab.system}`, "RUN true", ...lines, "RUN echo below", ""].join("\n");
}

describe("errors: the instruction", () => {
  const cases: readonly { name: string; preload: string; message: RegExp }[] = [
    {
      name: "no image",
      preload: "PRELOAD",
      message: /^PRELOAD: no image is named; write PRELOAD image\.\.\./,
    },
    {
      name: "no image but a flag",
      preload: "PRELOAD --network=none",
      message: /^PRELOAD: no image is named; write PRELOAD image\.\.\./,
    },
    {
      name: "a variable that is empty",
      preload: "PRELOAD $NOTHING",
      message: /^PRELOAD: no image is named; write PRELOAD image\.\.\./,
    },
    {
      name: "an unknown flag",
      preload: `PRELOAD --platfrom=linux/amd64 ${busybox}`,
      message: /^PRELOAD: unknown flag "--platfrom"; did you mean --platform\?$/,
    },
    {
      name: "a flag without a value",
      preload: `PRELOAD --platform ${busybox}`,
      message: /^PRELOAD: flag "--platform" has no value; write --platform=\.\.\.$/,
    },
    {
      name: "an unknown network",
      preload: `PRELOAD --network=lan ${busybox}`,
      message: /^PRELOAD: unknown network "lan"; --network is default, host or none$/,
    },
    {
      name: "a repository in capitals",
      preload: "PRELOAD Redis:7",
      message: /^PRELOAD: image "Redis:7": repository name must be lowercase$/,
    },
    {
      name: "a reference that is none",
      preload: "PRELOAD redis:7:8",
      message: /^PRELOAD: image "redis:7:8": .*\S$/,
    },
  ];
  it("before the first stage", async () => {
    const preload = `PRELOAD ${busybox}`;
    const { message } = await refusal({ dockerfile: `${preload}\nFROM ${lab.system}\n`, shows: preload });
    assert.equal(message, "PRELOAD: no stage has begun; put it below a FROM");
  });

  it("as a trigger with a heredoc, which no image can keep", async () => {
    const preload = "ONBUILD PRELOAD <<EOF";
    const dockerfile = below(`${preload}\n${busybox}\nEOF`);
    const { message } = await refusal({ dockerfile, shows: preload });
    assert.equal(
      message,
      "ONBUILD PRELOAD: an image keeps one line of it, without a heredoc; name the images on that line",
    );
  });

  for (const { name, preload, message } of cases) {
    it(name, async () => {
      const refused = await refusal({ dockerfile: below(preload), shows: preload });
      assert.match(refused.message, message);
      assert.doesNotMatch(refused.message, /\n/);
    });
  }

  it("over several lines: the image's own is shown", async () => {
    const wrong = `  ${labImage("no/such:1")} \\`;
    const lines = ["PRELOAD \\", `  ${busybox} \\`, wrong, `  ${labImage("redis:latest")}`];
    const refused = await refusal({ dockerfile: below(...lines), shows: wrong });
    assertSentence(
      refused,
      labImage("no/such:1"),
      /^its registry does not have it; check the name and the tag$/,
    );
  });

  it("of two PRELOADs, the one that is wrong is shown", async () => {
    const wrong = `PRELOAD ${labImage("busybox:no-such-tag")}`;
    const refused = await refusal({ dockerfile: below(`PRELOAD ${busybox}`, wrong), shows: wrong });
    assertSentence(
      refused,
      labImage("busybox:no-such-tag"),
      /^its registry does not have it; check the name and the tag$/,
    );
  });
});

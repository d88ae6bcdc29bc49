import assert from "node:assert/strict";
import { parseDockerfile } from "../../dockerfile/parse.js";
import { questionAbout, questionText } from "./question.js";

const asked = (...words: string[]): string =>
  `LABEL ${["asked=1", ...words.map((word, index) => `word.${index}=${word}`)].map((word) => `io.larder.probe.${word}`).join(" ")}`;
const parse = (...lines: string[]) => parseDockerfile("Dockerfile", lines.join("\n"));

describe("questions about a Dockerfile", () => {
  it("have PRELOAD's words in a LABEL, on the same line and in the same case", () => {
    const text = questionText(parse("FROM a", "PRELOAD --store=docker \\", "  x:$V", "FROM b", "preload y"));
    const lower = asked("y").replace("LABEL", "label");
    assert.deepEqual(text.split("\n"), ["FROM a", asked("--store=docker", "x:$V"), "", "FROM b", lower]);
  });

  it("have a LABEL in place of an ONBUILD PRELOAD, too, which would fire", () => {
    const text = questionText(parse("FROM a AS b", "onbuild PRELOAD x \\", "  y", "ONBUILD RUN z", "FROM b"));
    assert.deepEqual(text.split("\n"), ["FROM a AS b", `onbuild ${asked()}`, "", "ONBUILD RUN z", "FROM b"]);
  });

  it("have the variables of a heredoc, but not those of one in quotes", () => {
    const dockerfile = parse("FROM a", "PRELOAD x <<A <<'B'", "y:$Y", "A", "z:$Z", "B", "RUN true");
    assert.deepEqual(questionText(dockerfile).split("\n"), [
      "FROM a",
      asked("x", "y:$Y"),
      "",
      "",
      "",
      "",
      "RUN true",
    ]);
  });

  const targets: [from: string, text: string, target: string][] = [
    ["FROM b AS Last", "FROM b AS Last", "Last"],
    ["FROM b", "FROM b AS larder-target", "larder-target"],
    ["from --platform=$P b", "from --platform=$P b as larder-target", "larder-target"],
  ];
  for (const [from, text, target] of targets) {
    it(`take the name of a stage: ${from}`, () => {
      const dockerfile = parse("FROM a AS first", "PRELOAD x", from, "RUN true");
      const [, stage] = dockerfile.stages;
      assert.ok(stage);
      const question = questionAbout({ dockerfile, bases: [], platforms: [] }, stage, undefined);
      assert.deepEqual(question, {
        text: ["FROM a AS first", asked("x"), text, "RUN true"].join("\n"),
        target,
      });
    });
  }

  const froms: [platform: string, from: string, written: string][] = [
    ["linux/arm64", "FROM a AS b", "FROM --platform=$TARGETOS/$TARGETARCH a AS b"],
    ["linux/arm/v7", "from \\\n# c\n a", "from --platform=$TARGETOS/$TARGETARCH/$TARGETVARIANT a\n\n"],
    ["linux/arm64", "FROM --platform=$X a", "FROM --platform=$X a"],
    ["linux/arm64", "FROM first", "FROM first"],
    ["linux/arm64", "FROM scratch", "FROM scratch"],
  ];
  for (const [platform, from, written] of froms) {
    it(`name the platform of the build, ${platform}, if FROM does not: ${from.replaceAll("\n", " ")}`, () => {
      const dockerfile = parse("FROM scratch AS first", from, "FROM first AS last");
      const bases = dockerfile.stages.map(({ base }) => base);
      const platforms = dockerfile.stages.map(({ flags }) => flags.join());
      const [, , last] = dockerfile.stages;
      assert.ok(last);
      const { text } = questionAbout({ dockerfile, bases, platforms }, last, platform);
      assert.deepEqual(text, ["FROM scratch AS first", written, "FROM first AS last"].join("\n"));
    });
  }
});

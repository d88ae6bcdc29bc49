import assert from "node:assert/strict";
import { parseDockerfile, preloadsOf } from "../../dockerfile/parse.js";
import { wordsInHeredocs, wordsOfFile } from "./image-list.js";

function preload(...lines: string[]) {
  const [stage] = parseDockerfile("Dockerfile", ["FROM a", ...lines].join("\n")).stages;
  const instruction = stage && preloadsOf(stage)[0];
  assert.ok(instruction);
  return instruction;
}

describe("images in a heredoc", () => {
  it("are one a line, with comments, and each is known by its line", () => {
    const instruction = preload(
      "PRELOAD --store=docker <<EOF",
      "redis:7",
      "",
      "  # a comment",
      "b:1 # another",
      "EOF",
      "RUN true",
    );
    assert.deepEqual(instruction.lines, { start: 2, end: 7 });
    assert.equal(instruction.text, "--store=docker <<EOF");
    assert.deepEqual(wordsInHeredocs(instruction), [
      { word: "redis:7", lines: { start: 3, end: 3 }, expands: true },
      { word: "b:1", lines: { start: 6, end: 6 }, expands: true },
    ]);
  });

  it("are not expanded if its name is in quotes, and may be indented by tabs", () => {
    const instruction = preload("PRELOAD a <<-'X' b <<Y", "\tc:$V", "\tX", "d:$V", "Y");
    assert.equal(instruction.text, "a <<-'X' b <<Y");
    assert.deepEqual(
      wordsInHeredocs(instruction).map(({ word, expands }) => [word, expands]),
      [
        ["c:$V", false],
        ["d:$V", true],
      ],
    );
  });

  it("are refused if it has no end", () => {
    assert.throws(
      () => wordsInHeredocs(preload("PRELOAD <<EOF", "redis:7", "RUN true")),
      /^Error: the heredoc "EOF" has no end; write a line that is EOF$/,
    );
  });

  it("do not include heredocs of other instructions, or PRELOADs in these", () => {
    const { stages } = parseDockerfile(
      "Dockerfile",
      "FROM a\nRUN <<EOF\nPRELOAD x\nEOF\nCOPY <<E /f\nPRELOAD y\nE\nPRELOAD z",
    );
    const [stage] = stages;
    assert.ok(stage);
    assert.deepEqual(
      stage.instructions.map(({ keyword }) => keyword),
      ["RUN", "COPY", "PRELOAD"],
    );
    assert.deepEqual(
      preloadsOf(stage).map(({ text, heredocs }) => [text, heredocs]),
      [["z", []]],
    );
  });
});

describe("images in a file", () => {
  it("are one a line, with comments", () => {
    assert.deepEqual(wordsOfFile("a.txt", "# all\r\nredis:7\r\n\n registry:5000/a@sha256:0 # pinned\n#b:1"), [
      { word: "redis:7", where: "a.txt:2" },
      { word: "registry:5000/a@sha256:0", where: "a.txt:4" },
    ]);
  });
});

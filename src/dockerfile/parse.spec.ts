import assert from "node:assert/strict";
import {
  type Instruction,
  parseDockerfile,
  preloadsOf,
  type Stage,
  splitWords,
  wordsWithLines,
} from "./parse.js";

const stagesOf = (text: string): readonly Stage[] => parseDockerfile("Dockerfile", text).stages;
const preloads = (text: string): Instruction[] => stagesOf(text).flatMap(preloadsOf);

describe("parseDockerfile", () => {
  it("finds stages, their names, bases and flags", () => {
    const text = "ARG A=1\nFROM --platform=$BUILDPLATFORM a:$A as B\nRUN x\nFROM \\\n  b\n";
    const { globals, stages } = parseDockerfile("Dockerfile", text);
    assert.deepEqual(
      globals.map(({ keyword, text, lines }) => [keyword, text, lines.start]),
      [["ARG", "A=1", 1]],
    );
    assert.deepEqual(
      stages.map(({ index, name, base, flags, from }) => ({ index, name, base, flags, lines: from.lines })),
      [
        {
          index: 0,
          name: "B",
          base: "a:$A",
          flags: ["--platform=$BUILDPLATFORM"],
          lines: { start: 2, end: 2 },
        },
        { index: 1, name: undefined, base: "b", flags: [], lines: { start: 4, end: 5 } },
      ],
    );
    assert.deepEqual(
      stages[0]?.instructions.map(({ keyword }) => keyword),
      ["RUN"],
    );
  });

  const places: { title: string; text: string; expected: [start: number, end: number, text: string][] }[] = [
    { title: "any case, any indent", text: "FROM a\n  preload\tx  y \n", expected: [[2, 2, "x  y"]] },
    { title: "nothing after it", text: "FROM a\nPRELOAD\n", expected: [[2, 2, ""]] },
    {
      title: "several lines with comments and an empty one between",
      text: "FROM a\nPRELOAD x \\\n  # no\n\n  y\nPRELOAD z",
      expected: [
        [2, 5, "x   y"],
        [6, 6, "z"],
      ],
    },
    { title: "carriage returns", text: "FROM a\r\nPRELOAD x \\\r\n y\r\n", expected: [[2, 3, "x  y"]] },
    { title: "a byte order mark", text: "\ufeffFROM a\nPRELOAD x", expected: [[2, 2, "x"]] },
    {
      title: "a backtick that continues lines",
      text: "# escape=`\nFROM a\nRUN dir c:\\\nPRELOAD x `\n  y",
      expected: [[4, 5, "x   y"]],
    },
    { title: "a continued RUN", text: "FROM a\nRUN x \\\nPRELOAD no\nPRELOAD x", expected: [[4, 4, "x"]] },
    { title: "an escaped escape", text: "FROM a\nRUN x \\\\\nPRELOAD x", expected: [[3, 3, "x"]] },
    { title: "a heredoc", text: "FROM a\nRUN <<E\nPRELOAD no\nE\nPRELOAD x", expected: [[5, 5, "x"]] },
    {
      title: "two heredocs of one instruction, quoted and indented",
      text: "FROM a\nCOPY <<'A' <<-\"B\" /x/\nPRELOAD no\nA\n\tPRELOAD no\n\tB\nPRELOAD x",
      expected: [[7, 7, "x"]],
    },
    {
      title: "a heredoc with a number",
      text: "FROM a\nRUN 3<<E\nPRELOAD no\nE\nPRELOAD x",
      expected: [[5, 5, "x"]],
    },
    {
      title: "text that only looks like a heredoc",
      text: 'FROM a\nRUN echo "a <<E" \' <<F\' $((1<<2))\nRUN ["a", "<<E"]\nENV A=<<E\nPRELOAD x',
      expected: [[5, 5, "x"]],
    },
    { title: "behind ONBUILD", text: "FROM a\nONBUILD PRELOAD x", expected: [] },
    { title: "a comment", text: "FROM a\n# PRELOAD x", expected: [] },
  ];
  for (const { title, text, expected } of places) {
    it(`finds PRELOAD: ${title}`, () => {
      assert.deepEqual(
        preloads(text).map(({ lines, text }) => [lines.start, lines.end, text]),
        expected,
      );
    });
  }

  it("finds nothing where there are no stages", () => {
    for (const text of ["", "# only a comment", "PRELOAD x", "ARG A"]) assert.deepEqual(stagesOf(text), []);
  });

  it("keeps the text that it masks for its parser", () => {
    const [stage] = stagesOf('FROM a\nONBUILD RUN echo "x <<E" 3<<2\n');
    assert.equal(stage?.instructions[0]?.text, 'RUN echo "x <<E" 3<<2');
  });
});

describe("wordsWithLines", () => {
  const cases: [text: string, words: [string, number][]][] = [
    [
      "FROM a\nPRELOAD b c",
      [
        ["b", 2],
        ["c", 2],
      ],
    ],
    [
      "FROM a\nPRELOAD b \\\n  # no\n\n  c d \\\n e",
      [
        ["b", 2],
        ["c", 5],
        ["d", 5],
        ["e", 6],
      ],
    ],
    [
      "FROM a\n  PRELOAD \\\n b \\\r\n c",
      [
        ["b", 3],
        ["c", 4],
      ],
    ],
    [
      "FROM a\nPRELOAD re\\\ndis:7 b",
      [
        ["redis:7", 2],
        ["b", 3],
      ],
    ],
    [
      "FROM a\nPRELOAD b \\\n <<E\nc\nE",
      [
        ["b", 2],
        ["<<E", 3],
      ],
    ],
  ];
  for (const [text, words] of cases) {
    it(JSON.stringify(text), () => {
      const found = preloads(text).flatMap((preload) => wordsWithLines(preload, "\\"));
      assert.deepEqual(
        found.map(({ word, line }) => [word, line]),
        words,
      );
    });
  }
});

describe("splitWords", () => {
  const cases: [text: string, words: string[]][] = [
    ["", []],
    [" a\t b ", ["a", "b"]],
    [`"a b" 'c d' e`, [`"a b"`, `'c d'`, "e"]],
    [`A="b c"d E=f`, [`A="b c"d`, "E=f"]],
    [String.raw`a\ b "c\"d" e`, [String.raw`a\ b`, String.raw`"c\"d"`, "e"]],
    [String.raw`'a\' b`, [String.raw`'a\'`, "b"]],
    [`\${A:-x y} z`, ["${A:-x", "y}", "z"]],
  ];
  for (const [text, words] of cases) {
    it(JSON.stringify(text), () => assert.deepEqual(splitWords(text, "\\"), words));
  }

  it("takes the escape token of the file", () => {
    assert.deepEqual(splitWords("c:\\ a` b", "`"), ["c:\\", "a` b"]);
  });
});

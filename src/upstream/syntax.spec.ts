import assert from "node:assert/strict";
import { syntaxOf } from "./syntax.js";

/** The options of `buildctl --frontend gateway.v0 --opt source=larder/dockerfile:1`. */
const named = { source: "larder/dockerfile:1" };

describe("syntaxOf", () => {
  const cases: [text: string, source: string | undefined, cmdline?: string, line?: number][] = [
    ["# syntax=a/b:1\nFROM c\n", "a/b:1", "a/b:1", 1],
    ["#syntax = a/b:1  --flag \r\nFROM c\n", "a/b:1", "a/b:1  --flag", 1],
    ["\uFEFF#!/usr/bin/env x\n# escape=`\n# SYNTAX=a\n", "a", "a", 3],
    ["// syntax=a\n", "a", "a", 1],
    ['{"syntax": "a", "x": 1}', "a", "a", 1],
    ["# a comment\n# syntax=a\nFROM c\n", undefined],
    ["\n# syntax=a\n", undefined],
    [" # syntax=a\n", undefined],
    ["# syntax=\nFROM c\n", undefined],
    ['LABEL a="{\\"syntax\\": 1}"\n# "syntax"\n', undefined],
    ["FROM c\n", undefined],
  ];
  for (const [text, source, cmdline, line] of cases) {
    it(`is ${source} for ${JSON.stringify(text)}`, () => {
      const lines = line && { start: line, end: line };
      const expected = source === undefined ? undefined : { source, cmdline, lines };
      assert.deepEqual(syntaxOf({ frontend: named, sessionId: "" }, text), expected);
    });
  }

  const text = "# syntax=a\n";

  it("is the value of the build argument, if there is one", () => {
    const frontend = { ...named, "build-arg:BUILDKIT_SYNTAX": "b c" };
    assert.deepEqual(syntaxOf({ frontend, sessionId: "" }, text), {
      source: "b",
      cmdline: "b c",
      lines: undefined,
    });
  });

  it("is undefined if the file named this frontend", () => {
    const frontend = { ...named, cmdline: "a", "build-arg:BUILDKIT_SYNTAX": "b" };
    assert.equal(syntaxOf({ frontend, sessionId: "" }, text), undefined);
  });
});

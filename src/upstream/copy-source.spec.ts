import assert from "node:assert/strict";
import { copySource } from "./copy-source.js";

describe("a source of COPY", () => {
  const cases: [path: string, pattern: string][] = [
    ["deploy/compose.yaml", "deploy/compose.yaml"],
    ["my files/a.yaml", "my files/a.yaml"],
    ["a$b.yaml", "a\\$b.yaml"],
    ['it\'s "x"', 'it\\\'s \\"x\\"'],
    ["a*?[b].yaml", "a[*][?][[]b].yaml"],
    ["a\\b", "a[\\\\\\\\]b"],
  ];
  for (const [path, pattern] of cases) {
    it(path, () => assert.equal(JSON.parse(copySource(path)), pattern));
  }
});

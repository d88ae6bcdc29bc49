import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { compare } from "./bytes.js";
import { byteString, formatWhiteouts, parseWhiteouts, readLayerNames } from "./whiteouts.js";

describe("readLayerNames", () => {
  const cases: { title: string; names: string[]; whiteouts: string[]; implied?: string[] }[] = [
    { title: "a deleted file", names: ["a/", "a/.wh.b"], whiteouts: ["a/b"] },
    {
      title: "names that begin with ./ or /",
      names: ["./", "./a/", "./a/.wh.b", "/c", "/.wh.d"],
      whiteouts: ["a/b", "d"],
    },
    { title: "an opaque directory", names: ["a/", "a/.wh..wh..opq", "a/new"], whiteouts: ["a"] },
    {
      title: "what is inside an opaque directory",
      names: ["a/", "a/.wh..wh..opq", "a/.wh.b", "a/c/", "a/c/.wh..wh..opq"],
      whiteouts: ["a"],
    },
    { title: "an opaque root, which overlayfs does not know", names: [".wh..wh..opq", "a"], whiteouts: [] },
    {
      title: "the bookkeeping of AUFS",
      names: [".wh..wh.plnk/", ".wh..wh.plnk/1.2", ".wh..wh.aufs"],
      whiteouts: [],
      implied: [".wh..wh.plnk"],
    },
    { title: "a whiteout that an entry replaces", names: [".wh.a", "a/", "a/b"], whiteouts: [] },
    { title: "a whiteout after the entry", names: ["a", ".wh.a"], whiteouts: ["a"] },
    {
      title: "directories without an entry",
      names: ["x/y/z", "p/q/.wh.r"],
      whiteouts: ["p/q/r"],
      implied: ["p", "p/q", "x", "x/y"],
    },
    { title: "a way out of the root", names: ["../.wh.a", "b/../.wh.c"], whiteouts: ["c"] },
    { title: "a lone prefix", names: [".wh."], whiteouts: [] },
    {
      title: "names sorted by bytes",
      names: ["a/", "a/.wh.\u00ff", "a/.wh.b", ".wh.a.b"],
      whiteouts: ["a.b", "a/b", "a/\u00ff"],
    },
  ];
  for (const { title, names, whiteouts, implied = [] } of cases) {
    it(title, () => {
      const read = readLayerNames(names);
      assert.deepEqual(read.whiteouts, whiteouts);
      assert.deepEqual(read.implied, implied);
    });
  }

  it("gives sorted paths of which none is inside another, whatever the names", () => {
    const part = fc.constantFrom("a", "b", ".wh.a", ".wh.b", ".wh..wh..opq", ".", "..", "");
    fc.assert(
      fc.property(fc.array(fc.array(part).map((parts) => parts.join("/"))), (names) => {
        const { whiteouts } = readLayerNames(names);
        assert.deepEqual(whiteouts, [...whiteouts].sort(compare));
        for (const path of whiteouts) {
          assert.ok(!whiteouts.some((other) => path.startsWith(`${other}/`)));
          assert.ok(!path.split("/").some((name) => name === "" || name === "." || name === ".."));
        }
      }),
    );
  });
});

describe("the file whiteouts", () => {
  const name = fc
    .array(fc.integer({ min: 1, max: 255 }), { minLength: 1 })
    .map((bytes) => String.fromCharCode(...bytes));

  it("is read back as it was written", () => {
    fc.assert(
      fc.property(fc.array(name), (paths) => assert.deepEqual(parseWhiteouts(formatWhiteouts(paths)), paths)),
    );
  });

  it("shows plain names as they are", () => {
    assert.equal(formatWhiteouts(["etc/a b", byteString("ä\n\\")]), "etc/a b\n\\0303\\0244\\0012\\0134\n");
  });

  it("is what printf %b of a shell decodes", () => {
    const paths = [...Array(255).keys()].map((code) => `a${String.fromCharCode(code + 1)}7`);
    const script = 'while IFS= read -r line; do printf "%b/" "$line"; done';
    const decoded = execFileSync("sh", ["-c", script], { input: formatWhiteouts(paths), encoding: "latin1" });
    assert.equal(decoded, paths.map((path) => `${path}/`).join(""));
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { compare } from "../files/bytes.js";
import { type LayerNames, LayerNamesReader } from "./layer-names.js";

function read(names: readonly string[]): LayerNames {
  const reader = new LayerNamesReader();
  for (const name of names) reader.add(name);
  for (const name of names) reader.find(name);
  return reader.names;
}

describe("names of a layer's entries", () => {
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
    { title: "a directory whose entry has no slash", names: ["a", "a/b"], whiteouts: [] },
    { title: "a directory whose entry comes late", names: ["a/b", "a"], whiteouts: [] },
    {
      title: "names below a whiteout",
      names: ["x/", "x/.wh.a", "x/.wh.a/b"],
      whiteouts: ["x/a"],
      implied: ["x/.wh.a"],
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
      const found = read(names);
      assert.deepEqual(found.whiteouts, whiteouts);
      assert.deepEqual(found.implied, implied);
    });
  }

  it("gives sorted paths of which none is inside another, whatever the names", () => {
    const part = fc.constantFrom("a", "b", ".wh.a", ".wh.b", ".wh..wh..opq", ".", "..", "");
    fc.assert(
      fc.property(fc.array(fc.array(part).map((parts) => parts.join("/"))), (names) => {
        const { whiteouts } = read(names);
        assert.deepEqual(whiteouts, [...whiteouts].sort(compare));
        for (const path of whiteouts) {
          assert.ok(!whiteouts.some((other) => path.startsWith(`${other}/`)));
          assert.ok(!path.split("/").some((name) => name === "" || name === "." || name === ".."));
        }
      }),
    );
  });

  it("are the same for a reader that keeps all names", () => {
    const part = fc.constantFrom("a", "b", "c", ".wh.a", ".wh..wh..opq", ".wh..wh.plnk", ".wh.", ".", "");
    fc.assert(
      fc.property(fc.array(fc.array(part).map((parts) => parts.join("/"))), (names) => {
        const paths = names.map((name) => name.split("/").filter((word) => word !== "" && word !== "."));
        const isMark = (word = ""): boolean => word.startsWith(".wh.") && word !== ".wh.";
        const entries = new Set(paths.filter((path) => !isMark(path.at(-1))).map((path) => path.join("/")));
        // AUFS's own files do not count, but a mark of an opaque directory does.
        const isOwn = (word = ""): boolean => word.startsWith(".wh..wh.") && word !== ".wh..wh..opq";
        const above = paths
          .filter((path) => !isOwn(path.at(-1)))
          .flatMap((path) => path.slice(1).map((_, index) => path.slice(0, index + 1).join("/")));
        const implied = [...new Set(above)].filter((path) => !entries.has(path)).sort(compare);
        assert.deepEqual(read(names).implied, implied);
      }),
    );
  });

  it("must be read again only if a directory seems to have no entry", () => {
    const reader = new LayerNamesReader();
    for (const name of ["a/", "a/b", "c"]) reader.add(name);
    assert.equal(reader.isUnsure, false);
    reader.add("c/d");
    assert.equal(reader.isUnsure, true);
  });
});

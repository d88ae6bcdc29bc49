import assert from "node:assert/strict";
import { LarderError } from "../../error.js";
import { type EntryHeader, tarHeader } from "../../files/tar-blocks.js";
import type { RecordedEntry } from "../../stores/overlay2/tar-entries.js";
import { TarHeader } from "../../stores/overlay2/tar-header.js";
import { LayerTree } from "./layer-tree.js";

/** `f name`, `d name`, `s name -> target`, `h name -> target`, `p name` (a fifo). */
function entry(line: string, attributes: Partial<EntryHeader> = {}): RecordedEntry {
  const [kind = "", name = "", , linkName] = line.split(" ");
  const type = { f: "0", d: "5", s: "2", h: "1", p: "6" }[kind] ?? kind;
  const before = tarHeader({
    ...{ path: name, type, mode: 0o644, uid: 0, gid: 0, mtime: "1" },
    ...(linkName !== undefined && { linkName }),
    ...attributes,
  });
  return { name, header: new TarHeader(before), before, size: 0 };
}

function treeOf(entries: readonly RecordedEntry[]): LayerTree {
  const tree = new LayerTree();
  for (const each of entries) tree.add(each);
  tree.finish();
  return tree;
}

/** All paths: `a/` is a directory, `b=0` is the file of the first entry. */
function pathsOf(entries: readonly RecordedEntry[]): string {
  const tree = treeOf(entries);
  const directories = [...tree.root.all()].map(({ path }) => `${path}/`);
  const files = entries.flatMap((each, index) => tree.pathsOf(index, each).map((path) => `${path}=${index}`));
  return [...directories, ...files].sort().slice(1).join(" ");
}

describe("the tree of a layer", () => {
  /** What moby's go-archive and containerd's pkg/archive make of these entries. */
  const exact: readonly [what: string, entries: string, paths: string][] = [
    ["a link that a file replaces", "s l -> /x, f /l", "l=1"],
    ["a directory that a file replaces", "f a/b, f a", "a=1"],
    ["a directory that a link replaces", "f a/b, d c, s a -> c, f a/d", "a=2 c/ c/d=3"],
    ["a link that a directory replaces", "d c, s l -> c, f l/x, d /l, f l/y", "c/ c/x=2 l/ l/y=4"],
    ["a hard link that outlives its file", "f a, h b -> a, f /a", "a=2 b=0"],
    ["a hard link that a file replaces", "f a, h b -> a, f /b", "a=0 b=2"],
    ["a hard link through a link", "d e, f e/f, s d -> e, h h -> d/f", "d=2 e/ e/f=1 h=1"],
    ["a hard link below a link", "d e, f f, s d -> e, h d/h -> f", "d=2 e/ e/h=1 f=1"],
    ["a hard link to a symbolic link", "s a -> nowhere, h b -> a", "a=0 b=0"],
    ["a hard link through ..", "d a, f b, h c -> a/../b", "a/ b=1 c=1"],
    ["a name with ..", "f a/../b", "b=0"],
    ["an absolute link", "d x/y, s l -> /x, f l/y/f", "l=1 x/ x/y/ x/y/f=2"],
    ["a directory that is missing behind a link", "d x, s l -> x, f l/a/b", "l=1 x/ x/a/ x/a/b=2"],
    ["a link to above", "d x, d y, s y/l -> ../x, f y/l/f", "x/ x/f=3 y/ y/l=2"],
    ["a link behind a link", "d x, s a -> x, s b -> a, f b/f", "a=1 b=2 x/ x/f=3"],
    ["a link with .. in it", "d x, d y, s l -> x/../y, f l/f", "l=2 x/ y/ y/f=3"],
    ["a link to the root", "s l -> /, f l/f", "f=1 l=0"],
    ["the root itself", "d ./, f ./a", "a=1"],
    ["two names of one directory", "d /a, d a, f a/b", "a/ a/b=2"],
    ["AUFS's own records", "d .wh..wh.plnk, f .wh..wh.aufs", ""],
  ];
  for (const [what, lines, paths] of exact) {
    it(what, () => assert.equal(pathsOf(lines.split(", ").map((line) => entry(line))), paths));
  }

  const refused: readonly [what: string, entries: string, message: RegExp][] = [
    ["a name that leads out", "f ../a", /^has the entry \.\.\/a, a name with "\.\."/],
    ["an absolute name that leads out", "f /../a", /^has the entry \/\.\.\/a, a name with "\.\."/],
    ["a name below a file", "f a, f a/b", /^has the entry a\/b below a file$/],
    ["a name below a deleted path", "f .wh.a, f a/b", /^has the entry a\/b below a path that it deletes$/],
    // moby before 29.7 refuses it, and containerd makes the directory.
    ["a link that leads nowhere", "s l -> x, f l/a", /^has the entry l\/a below a link that leads nowhere$/],
    ["a link to the outside", "s l -> /etc, f l/passwd", /below a link that leads nowhere$/],
    // moby 29.7 refuses it, and the others stay at the root.
    ["a link to above the root", "s l -> ../.., f l/a", /below a link that leads out of its directory$/],
    // The kernel leaves the directory where the second link leads, and containerd the one where that link is.
    [
      "a link to above behind a link",
      "d x/y, d z, s z/l -> /x/y, s a -> z/l/../f, d x/f, f a/b",
      /below a link that leads out of its directory$/,
    ],
    ["a loop of links", "s a -> b, s b -> a, f a/c", /below a loop of links$/],
    ["a hard link to itself", "f a, h /a -> a", /^has a hard link \/a to a, which is not in the same layer/],
    ["a hard link to the outside", "h a -> ../../etc/shadow", /which is not in the same layer/],
    ["a hard link to a later file", "h a -> b, f b", /which is not in the same layer/],
    ["a hard link to a directory", "d a, h b -> a", /^has a hard link b to the directory a$/],
    ["a hard link to a deleted path", "f .wh.a, h b -> a", /which is not in the same layer/],
    ["a file that is the root", "f /", /^has the entry \/, which is no directory$/],
    ["a deletion of its own", "f a, f .wh.a", /it deletes what the layer has itself$/],
    ["a deletion behind a link", "f d/a, s l -> d, f l/.wh.a", /it deletes what the layer has itself$/],
    // The directory's time goes to the file.
    ["a file in place of a directory's entry", "d a, f /a", /^has the directory a, and later something else/],
  ];
  for (const [what, lines, message] of refused) {
    it(`refuses ${what}`, () => {
      const entries = lines.split(", ").map((line) => entry(line));
      assert.throws(
        () => pathsOf(entries),
        (error: Error) => error instanceof LarderError && message.test(error.message),
      );
    });
  }

  it("gives the whiteouts by the directories in which they are", () => {
    const lines = [
      "d d",
      "s l -> d",
      "f l/.wh.a",
      "d d/o",
      "f l/o/.wh..wh..opq",
      "f .wh..wh..opq",
      "f .wh.b",
      "f b",
    ];
    assert.deepEqual(treeOf(lines.map((line) => entry(line))).whiteouts, ["d/a", "d/o"]);
    const replaced = ["f a/.wh.b", "s a -> x"];
    assert.deepEqual(treeOf(replaced.map((line) => entry(line))).whiteouts, []);
  });

  describe("the attributes of a file", () => {
    const capability = ["security.capability", "x"] as const;
    const other = ["user.other", "y"] as const;
    const file = entry("f a", { xattrs: new Map([capability, other]) });

    it("are those of its last hard link", () => {
      const entries = [file, entry("h b -> a", { mode: 0o600, uid: 5, gid: 6, mtime: "7" })];
      const { xattrs, ...attributes } = treeOf(entries).attributesOf(0, file);
      assert.deepEqual(attributes, { mode: 0o600, uid: 5, gid: 6, mtime: "7" });
      assert.deepEqual([...xattrs], [other]);
    });

    it("have the capability of its last hard link", () => {
      const links = [entry("h b -> a"), entry("h c -> a", { xattrs: new Map([capability]) })];
      assert.deepEqual([...treeOf([file, ...links]).attributesOf(0, file).xattrs], [other, capability]);
      assert.deepEqual([...treeOf([file, ...links.toReversed()]).attributesOf(0, file).xattrs], [other]);
    });

    it("leave the time of a symbolic link", () => {
      const link = entry("s a -> x", { mtime: "3" });
      const { uid, mtime } = treeOf([link, entry("h b -> a", { uid: 5, mtime: "9" })]).attributesOf(0, link);
      assert.deepEqual([uid, mtime], [5, "3"]);
    });

    it("have the time zero where it is before 1970 or after 2262", () => {
      for (const [mtime, expected] of [
        ["-1", "0"],
        ["-0.5", "0"],
        ["9223372037", "0"],
        ["9223372036.5", "9223372036.5"],
      ] as const) {
        const old = entry("f a", { mtime });
        assert.equal(treeOf([old]).attributesOf(0, old).mtime, expected);
      }
    });

    it("must be numbers", () => {
      const strange = entry("f a", { uid: 0xffffffff });
      assert.throws(
        () => treeOf([strange]).attributesOf(0, strange),
        /has the entry a, whose mode, owner or time/,
      );
    });
  });
});

import assert from "node:assert/strict";
import { explainTar } from "./explain-tar.js";

const digest = `sha256:${"a".repeat(64)}`;
const deep = "d/".repeat(10_000);

/** The tools' words, and the sentence about them. */
const table: readonly (readonly [string, RegExp])[] = [
  ["tar: tar: ../evil: Member name contains '..'", /has the entry \.\.\/evil, a name with "\.\."/],
  [
    "tar: tar: h: Cannot hard link to 'f': No such file or directory",
    /has a hard link h to f, which is not in the same layer/,
  ],
  [
    "tar: tar: Removing leading `/' from hard link targets\ntar: h: Cannot hard link to 'etc/passwd': No such file or directory",
    /has a hard link h to etc\/passwd, which is not/,
  ],
  ["tar: tar: run/x: Cannot unlink: Not a directory", /has the entry run\/x below a link/],
  ["tar: tar: a/x: Cannot unlink: Too many levels of symbolic links", /has the entry a\/x below a link/],
  [
    "tar: tar: n: Cannot mknod: Operation not permitted",
    /has the device n, which .* may not make: build with/,
  ],
  [
    "tar: tar: f: Cannot change ownership to uid 70000, gid 7: Invalid argument",
    /has the file f of user 70000 and group 7, whom .* does not have: give it more IDs/,
  ],
  [`tar: tar: ${deep}: Cannot mkdir: File name too long`, /^.{0,400} is too long for a file system$/],
  [
    'tar-split: time="" level=fatal msg="duplicates of file paths not supported"',
    /has two entries of one name/,
  ],
  ["tar: tar: Unexpected EOF in archive", /is cut off: push the image again$/],
  ['tar-split: time="" level=fatal msg="unexpected EOF"', /is cut off: push the image again$/],
  [`tar: ${deep}`, /^.{0,400}$/],
];

describe("explain-tar", () => {
  for (const [words, sentence] of table) {
    it(words.slice(0, 70), () => {
      const said = explainTar({ diffId: digest, digest, mediaType: "" }, new Error(words));
      assert.ok(said.startsWith(`its layer ${digest} `), said);
      assert.match(said, sentence);
    });
  }
});

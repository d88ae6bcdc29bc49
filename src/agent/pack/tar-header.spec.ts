import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { sha256 } from "../../image/digest.js";
import { endOfTar, formatHeader, type PackedEntry, padding } from "./tar-header.js";

const plain: PackedEntry = { name: "a", type: "file", mode: 0o644n, uid: 0n, gid: 0n, mtime: 1n };

/** GNU tar's listing of an entry without content. */
function list(entry: Partial<PackedEntry>): string {
  const options = [
    "--full-time",
    "--numeric-owner",
    "--quoting-style=escape",
    "--absolute-names",
    "-tvf",
    "-",
  ];
  const input = Buffer.concat([formatHeader({ ...plain, ...entry }), endOfTar]);
  const env = { ...process.env, TZ: "UTC", LC_ALL: "C" };
  return execFileSync("tar", options, { input, env, encoding: "utf8" }).trim().replace(/ +/g, " ");
}

describe("headers of a tar", () => {
  const long = `${"d".repeat(120)}/${"f".repeat(120)}`;
  const cases: { title: string; entry: Partial<PackedEntry>; listed: string }[] = [
    { title: "a file", entry: {}, listed: "-rw-r--r-- 0/0 0 1970-01-01 00:00:01 a" },
    { title: "mode bits", entry: { mode: 0o7755n }, listed: "-rwsr-sr-t 0/0 0 1970-01-01 00:00:01 a" },
    {
      title: "a directory",
      entry: { type: "directory", mode: 0o1777n },
      listed: "drwxrwxrwt 0/0 0 1970-01-01 00:00:01 a/",
    },
    {
      title: "a symbolic link",
      entry: { type: "symbolic link", mode: 0o777n, linkName: "x y" },
      listed: "lrwxrwxrwx 0/0 0 1970-01-01 00:00:01 a -> x y",
    },
    {
      title: "a hard link",
      entry: { type: "hard link", linkName: long },
      listed: `hrw-r--r-- 0/0 0 1970-01-01 00:00:01 a link to ${long}`,
    },
    {
      title: "a device with a large minor number",
      entry: { type: "block device", device: (259n << 8n) | (0x123n << 20n) | 0x45n },
      listed: "brw-r--r-- 0/0 259,74565 1970-01-01 00:00:01 a",
    },
    { title: "a fifo", entry: { type: "fifo" }, listed: "prw-r--r-- 0/0 0 1970-01-01 00:00:01 a" },
    { title: "a long name", entry: { name: long }, listed: `-rw-r--r-- 0/0 0 1970-01-01 00:00:01 ${long}` },
    {
      title: "a name of bytes",
      entry: { name: "\xff \n" },
      listed: "-rw-r--r-- 0/0 0 1970-01-01 00:00:01 \\377 \\n",
    },
    {
      title: "large owners",
      entry: { uid: 4_000_000_000n, gid: 2_097_152n },
      listed: "-rw-r--r-- 4000000000/2097152 0 1970-01-01 00:00:01 a",
    },
    {
      title: "a time before 1970",
      entry: { mtime: -86_400n },
      listed: "-rw-r--r-- 0/0 0 1969-12-31 00:00:00 a",
    },
    {
      title: "a time of the far future",
      entry: { mtime: 1n << 33n },
      listed: "-rw-r--r-- 0/0 0 2242-03-16 12:56:32 a",
    },
  ];
  for (const { title, entry, listed } of cases) it(title, () => assert.equal(list(entry), listed));

  const splits: [name: string, prefix: string | undefined][] = [
    [`${"d".repeat(155)}/${"f".repeat(100)}`, "d".repeat(155)],
    [`${"d".repeat(156)}/f`, undefined],
    [`d/${"f".repeat(101)}`, undefined],
    [`a/${"d".repeat(80)}/${"f".repeat(30)}`, `a/${"d".repeat(80)}`],
    ["f".repeat(101), undefined],
    [`\xff/${"f".repeat(99)}`, undefined],
  ];
  for (const [name, prefix] of splits) {
    it(`a name of ${name.length} bytes ${prefix === undefined ? "in an extended header" : "in two fields"}`, () => {
      const header = formatHeader({ ...plain, name });
      assert.equal(
        header.length === 512 ? header.toString("latin1", 345, 500).replace(/\0+$/, "") : undefined,
        prefix,
      );
      const directory = formatHeader({ ...plain, name: name.replace(/.$/, ""), type: "directory" });
      assert.equal(directory.length === 512, prefix !== undefined);
    });
  }

  it("a long name in an extended header that exists for another reason", () => {
    const header = formatHeader({ ...plain, name: splits[0]?.[0] ?? "", mtime: -1n }).toString("latin1");
    assert.match(header, / path=d{155}\/f{100}\n/);
  });

  it("a file of more than 8 GiB", () => {
    const header = formatHeader({ ...plain, size: 1n << 33n }).toString("latin1");
    assert.ok(header.includes("19 size=8589934592\n"));
  });

  it("a length that counts one digit more than without it", () => {
    const name = "x".repeat(101 - " path=\n".length);
    for (const more of ["", "y", "yy", "yyy"]) {
      const header = formatHeader({ ...plain, name: `\x80${name}${more}` }).toString("latin1");
      const [, length, rest] = /(\d+)( path=[^\n]*\n)/.exec(header) ?? [];
      assert.equal(Number(length), `${length}${rest}`.length);
    }
  });

  it("the bytes that BuildKit writes", () => {
    // BuildKit 0.25 made the layer with `mkdir /d && cd /d && echo hi > grüße && touch -d @1000000000 . grüße`.
    const d: PackedEntry = {
      name: "d",
      type: "directory",
      mode: 0o755n,
      uid: 0n,
      gid: 0n,
      mtime: 1_000_000_000n,
    };
    const file: PackedEntry = {
      ...d,
      name: Buffer.from("d/grüße").toString("latin1"),
      type: "file",
      mode: 0o644n,
      size: 3n,
    };
    const tar = [formatHeader(d), formatHeader(file), Buffer.from("hi\n"), padding(3n), endOfTar];
    assert.equal(
      sha256(Buffer.concat(tar)),
      "9e8399cdb51e5a7ca104b09839e0e7e4ae7bc205efd419096b0fd9f6d49b99d4",
    );
  });
});

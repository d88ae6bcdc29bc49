import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { compare } from "../../files/bytes.js";
import { readLayerTar } from "./read-layer-tar.js";

const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
const plain = "application/vnd.oci.image.layer.v1.tar";

describe("names in a layer's tar", function () {
  // It starts a hundred processes, beside others, on a machine with few processors.
  this.timeout(20_000);
  let work = "";
  beforeEach(() => {
    work = mkdtempSync(`${tmpdir()}/larder-names-`);
  });
  afterEach(() => rmSync(work, { recursive: true }));

  const byte = fc.integer({ min: 1, max: 255 }).filter((code) => code !== 0x2f);
  const name = fc
    .array(byte, { minLength: 1, maxLength: 120 })
    .map((codes) => Buffer.from(codes).toString("latin1"))
    .filter((text) => !text.startsWith(".wh."));

  for (const format of ["posix", "gnu"]) {
    it(`are the bytes that were packed, in the format ${format}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), async (names) => {
          rmSync(`${work}/t`, { recursive: true, force: true });
          mkdirSync(`${work}/t`);
          // The reader gives only the names of whiteouts.
          const files = names.map((text) => `.wh.${text}`);
          for (const text of files) writeFileSync(Buffer.from(`${work}/t/${text}`, "latin1"), "");
          const input = Buffer.from(files.map((text) => `${text}\0`).join(""), "latin1");
          const list = ["--null", "--verbatim-files-from", "--files-from=-"];
          execFileSync("tar", [`--format=${format}`, "-C", `${work}/t`, ...list, "-czf", `${work}/t.tar`], {
            input,
          });
          assert.deepEqual((await readLayerTar(`${work}/t.tar`, gzip)).whiteouts, [...names].sort(compare));
        }),
        { numRuns: 25 },
      );
    });
  }

  it("may begin with ./ and have directories", async () => {
    mkdirSync(`${work}/t/a`, { recursive: true });
    writeFileSync(`${work}/t/a/.wh.b`, "");
    execFileSync("tar", ["-C", `${work}/t`, "-cf", `${work}/t.tar`, "."]);
    const expected = { whiteouts: ["a/b"], implied: [], hasXattrs: false };
    assert.deepEqual(await readLayerTar(`${work}/t.tar`, plain), expected);
  });

  it("tell of a directory whose entry has no slash at its end", async () => {
    const archive = Buffer.concat([header("d", "5", 0), header("d/file", "0", 0), Buffer.alloc(1024)]);
    writeFileSync(`${work}/t.tar`, archive);
    assert.deepEqual((await readLayerTar(`${work}/t.tar`, plain)).implied, []);
    writeFileSync(`${work}/t.tar`, archive.subarray(512));
    assert.deepEqual((await readLayerTar(`${work}/t.tar`, plain)).implied, ["d"]);
  });

  it("come with the fact that a file has extended attributes", async () => {
    const record = "25 SCHILY.xattr.user.x=y\n";
    // The record is behind so many others that it may lie across two chunks of the stream.
    const pad = `${1 << 18} comment=`.padEnd((1 << 18) - 1, "x");
    for (const before of ["", `${pad}\n`]) {
      writeFileSync(
        `${work}/t.tar`,
        Buffer.concat([paxHeader(before + record), fileHeader(), Buffer.alloc(1024)]),
      );
      assert.equal((await readLayerTar(`${work}/t.tar`, plain)).hasXattrs, true);
    }
  });

  it("cannot be read from a file that is no tar, or is compressed in another way", async () => {
    writeFileSync(`${work}/t.tar`, "x".repeat(2000));
    await assert.rejects(
      readLayerTar(`${work}/t.tar`, plain),
      /^Error: tar: .*does not look like a tar archive/,
    );
    await assert.rejects(readLayerTar(`${work}/t.tar`, gzip), /^Error: gzip: .*not in gzip format/);
  });
});

function header(name: string, type: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write("0000644\0" + "0000000\0" + "0000000\0", 100);
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write("00000000000\0", 136);
  block.write("        ", 148);
  block.write(type, 156);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function paxHeader(records: string): Buffer {
  const data = Buffer.alloc(Math.ceil(records.length / 512) * 512);
  data.write(records);
  return Buffer.concat([header("pax", "x", records.length), data]);
}

function fileHeader(): Buffer {
  return header("file", "0", 0);
}

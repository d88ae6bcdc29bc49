import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { readTarNames } from "./tar-names.js";

describe("names in a layer's tar", () => {
  let work = "";
  beforeEach(() => {
    work = mkdtempSync(`${tmpdir()}/larder-names-`);
  });
  afterEach(() => rmSync(work, { recursive: true }));

  const byte = fc.integer({ min: 1, max: 255 }).filter((code) => code !== 0x2f);
  const name = fc
    .array(byte, { minLength: 1, maxLength: 120 })
    .map((codes) => Buffer.from(codes).toString("latin1"))
    .filter((text) => text !== "." && text !== "..");

  for (const format of ["posix", "gnu"]) {
    it(`are the bytes that were packed, in the format ${format}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), async (names) => {
          rmSync(`${work}/t`, { recursive: true, force: true });
          mkdirSync(`${work}/t`);
          for (const text of names) writeFileSync(Buffer.from(`${work}/t/${text}`, "latin1"), "");
          const input = Buffer.from(names.map((text) => `${text}\0`).join(""), "latin1");
          const list = ["--null", "--verbatim-files-from", "--files-from=-"];
          execFileSync("tar", [`--format=${format}`, "-C", `${work}/t`, ...list, "-czf", `${work}/t.tar`], {
            input,
          });
          assert.deepEqual(await readTarNames(`${work}/t.tar`), names);
        }),
        { numRuns: 25 },
      );
    });
  }

  it("keep what stands before and after them", async () => {
    mkdirSync(`${work}/t/a`, { recursive: true });
    writeFileSync(`${work}/t/a/.wh.b`, "");
    execFileSync("tar", ["-C", `${work}/t`, "-cf", `${work}/t.tar`, "."]);
    assert.deepEqual((await readTarNames(`${work}/t.tar`)).sort(), ["./", "./a/", "./a/.wh.b"]);
  });
});

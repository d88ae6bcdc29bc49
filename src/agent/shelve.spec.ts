import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { digestOf, hexOf } from "../image/digest.js";
import { blobFile } from "../image/oci-layout.js";
import { onlyAsRoot } from "../testing.js";
import { shelve } from "./shelve.js";

describe("the shelve step", () => {
  let work = "";
  before(function () {
    onlyAsRoot(this);
  });
  beforeEach(() => {
    work = mkdtempSync(`${tmpdir()}/larder-shelve-`);
  });
  afterEach(() => rmSync(work, { recursive: true }));

  const places = {
    input: (i: number) => `${work}/in/${i}`,
    layer: (k: number) => `${work}/out/${k}`,
  };

  function put(image: number, text: string): string {
    const digest = digestOf(Buffer.from(text));
    mkdirSync(`${places.input(image)}/blobs/sha256`, { recursive: true });
    writeFileSync(blobFile(places.input(image), digest), text, { mode: 0o600 });
    return digest;
  }

  it("makes outer layers of blobs, with nothing in them that tells when", async () => {
    const [one, two, three] = [put(0, "one"), put(0, "two"), put(1, "three")];
    await shelve(
      {
        kind: "shelve",
        layers: [
          [{ digest: one, image: 0 }],
          [
            { digest: two, image: 0 },
            { digest: three, image: 1 },
          ],
        ],
      },
      places,
    );
    const file = (k: number, digest: string) =>
      `${places.layer(k)}/usr/lib/larder/blobs/sha256/${hexOf(digest)}`;
    assert.equal(readFileSync(file(0, one), "utf8"), "one");
    assert.equal(readFileSync(file(1, three), "utf8"), "three");
    for (const path of [file(0, one), file(1, two)]) {
      const { mode, uid, mtimeMs } = statSync(path);
      assert.deepEqual([mode & 0o7777, uid, mtimeMs], [0o644, 0, 0]);
    }
    for (const path of ["", "/usr", "/usr/lib", "/usr/lib/larder/blobs/sha256"]) {
      const { mode, mtimeMs } = statSync(places.layer(0) + path);
      assert.deepEqual([mode & 0o7777, mtimeMs], [0o755, 0], path);
    }
  });
});

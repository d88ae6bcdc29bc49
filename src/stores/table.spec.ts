import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { attachParts, storeOfDocker, stores } from "./table.js";

const attach = new URL("../attach/", import.meta.url);
const programs = readdirSync(attach).filter((name) => name.endsWith(".sh"));

describe("the table of stores", () => {
  it("has every part of attach, each once", () => {
    assert.deepEqual([...attachParts].sort(), programs.sort());
  });

  it("has a folder for each store", () => {
    const folders = readdirSync(new URL("./", import.meta.url), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    assert.deepEqual(folders.sort(), Object.keys(stores).sort());
  });

  it("has the parts that attach reads for a store", () => {
    for (const [name, { attachParts: parts }] of Object.entries(stores)) {
      for (const part of parts) {
        const readers = ["attach", ...programs].filter((file) =>
          readFileSync(new URL(file, attach), "utf8").includes(`"$here/${part}"`),
        );
        // `attach` reads the parts of the manager that it was called for by its name.
        assert.ok(readers.length > 0 || [`${name}.sh`, `explain-${name}.sh`].includes(part), part);
      }
    }
  });

  it("tells the store by what Docker says of it", () => {
    assert.equal(storeOfDocker("overlay2", false), "overlay2");
    assert.equal(storeOfDocker("overlayfs", true), "containerd");
    for (const [driver, isContainerd] of [
      ["vfs", false],
      ["overlayfs", false],
      ["overlay2", true],
      ["native", true],
    ] as const) {
      assert.equal(storeOfDocker(driver, isContainerd), undefined, driver);
    }
  });
});

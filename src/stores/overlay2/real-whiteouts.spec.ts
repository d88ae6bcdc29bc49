import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { realWhiteouts } from "./real-whiteouts.js";

describe("whiteouts of a real layer", () => {
  let work = "";
  beforeEach(() => {
    work = mkdtempSync(`${tmpdir()}/larder-real-`);
  });
  afterEach(() => rmSync(work, { recursive: true }));

  function layer(name: string, paths: readonly string[]): string {
    for (const path of [".", ...paths]) {
      mkdirSync(dirname(`${work}/${name}/${path}x`), { recursive: true });
      if (!path.endsWith("/") && path !== ".") writeFileSync(`${work}/${name}/${path}`, "");
    }
    return `${work}/${name}`;
  }

  it("are at each deleted path, except where the layer has a file", async () => {
    const own = layer("own", ["a/replaced"]);
    assert.deepEqual(await realWhiteouts(["a/gone", "a/replaced", "b"], own, []), ["a/gone", "b"]);
  });

  it("hide each name that lower layers have in an opaque directory", async () => {
    const own = layer("own", ["d/kept", "d/both/new"]);
    const below = [
      layer("upper", ["d/old", "d/kept", "d/both/x", "other/y"]),
      layer("lower", ["d/old", "d/tree/deep/z", "d/both/sub/w", "d/kept/was-a-directory"]),
    ];
    const needed = ["d/both/sub", "d/both/x", "d/old", "d/tree"];
    assert.deepEqual(await realWhiteouts(["d"], own, below), needed);
  });

  it("look behind no link of a layer, and at no file", async () => {
    const own = layer("own", ["d/", "e/f/"]);
    const linked = layer("linked", ["elsewhere/x", "elsewhere/f/y"]);
    symlinkSync("elsewhere", `${linked}/d`);
    symlinkSync("elsewhere", `${linked}/e`);
    assert.deepEqual(await realWhiteouts(["d", "e/f"], own, [linked, layer("file", ["d"])]), []);
  });
});

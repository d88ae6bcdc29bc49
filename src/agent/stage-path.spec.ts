import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import fc from "fast-check";
import { findDaemon, pathOf, placeInStage, resolveInStage, shimMark } from "./stage-path.js";

function realpathOrNothing(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

describe("the stage's PATH", () => {
  let stage = "";
  beforeEach(() => {
    stage = mkdtempSync(`${tmpdir()}/larder-stage-`);
  });
  afterEach(() => rmSync(stage, { recursive: true }));

  function program(path: string, content = "\x7fELF", mode = 0o755): void {
    mkdirSync(dirname(stage + path), { recursive: true });
    writeFileSync(stage + path, content);
    chmodSync(stage + path, mode);
  }

  it("follows links inside the stage", async () => {
    program("/opt/docker/dockerd");
    symlinkSync("/opt/docker", `${stage}/absolute`);
    symlinkSync("../../absolute/./dockerd", `${stage}/opt/docker/relative`);
    assert.equal(await resolveInStage(stage, "/opt/docker/relative"), "/opt/docker/dockerd");
    symlinkSync("../../../../opt", `${stage}/above`);
    assert.equal(await resolveInStage(stage, "/above/docker/dockerd"), "/opt/docker/dockerd");
  });

  it("reads link/.. as the kernel does", async () => {
    program("/data/docker/dockerd");
    symlinkSync("/data/docker", `${stage}/link`);
    assert.equal(await resolveInStage(stage, "/link/../docker/dockerd"), "/data/docker/dockerd");
    assert.equal(await resolveInStage(stage, "/link/../link"), undefined);
    assert.equal(await resolveInStage(stage, "/data/docker/dockerd/.."), undefined);
    assert.equal(await resolveInStage(stage, "/none/../data"), undefined);
    assert.equal(await resolveInStage(stage, "/../.././data/."), "/data");
  });

  it("is the same as the kernel's in any tree", async function () {
    // It makes thousands of calls to the file system, on a machine that may be busy.
    this.timeout(20_000);
    const name = fc.constantFrom("a", "b", "c");
    const path = fc.array(fc.oneof(name, name, fc.constantFrom("..", ".")), { minLength: 1, maxLength: 5 });
    const kind = fc.constantFrom("directory", "file", "link");
    const entry = fc.tuple(fc.array(name, { minLength: 1, maxLength: 3 }), kind, path);
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 10 }), path, async (entries, asked) => {
        rmSync(stage, { recursive: true });
        mkdirSync(stage);
        for (const [where, what, target] of entries) {
          const file = `${stage}/${where.join("/")}`;
          try {
            if (what === "directory") mkdirSync(file);
            else if (what === "file") writeFileSync(file, "");
            else symlinkSync(target.join("/"), file);
          } catch {
            // Another file is there, or the directory above is missing.
          }
        }
        const real = realpathOrNothing(`${stage}/${asked.join("/")}`);
        const isInside = real === undefined || `${real}/`.startsWith(`${stage}/`);
        const above = asked.includes("..") || entries.some(([, , target]) => target.includes(".."));
        // A process in the stage cannot leave it.
        fc.pre(isInside && !(real === undefined && above));
        const resolved = await resolveInStage(stage, `/${asked.join("/")}`);
        assert.equal(resolved, real === undefined ? undefined : real.slice(stage.length) || "/");
      }),
      { numRuns: 150 },
    );
  });

  it("leads to the place of a new file", async () => {
    program("/real/system/x");
    program("/file");
    symlinkSync("/real/system", `${stage}/link`);
    symlinkSync("new/deep", `${stage}/real/dangling`);
    symlinkSync("round", `${stage}/round`);
    const places: [path: string, place: string][] = [
      ["/link/docker.service.d/larder.conf", "/real/system/docker.service.d/larder.conf"],
      ["/link/x", "/real/system/x"],
      ["/none/./at/all", "/none/at/all"],
      ["/real/dangling/file", "/real/new/deep/file"],
      ["/link/../other", "/real/other"],
      ["/../up", "/up"],
      ["/", "/"],
    ];
    for (const [path, place] of places) assert.equal(await placeInStage(stage, path), place);
    for (const path of ["/file/x", "/round/x", "/none/../x", "/real/system/x/y"]) {
      await assert.rejects(placeInStage(stage, path), /is no directory, so that Larder cannot write/);
    }
  });

  it("ends at links that form a circle", async () => {
    symlinkSync("b", `${stage}/a`);
    symlinkSync("a", `${stage}/b`);
    assert.equal(await resolveInStage(stage, "/a"), undefined);
  });

  it("finds the daemon behind Larder's own program", async () => {
    program("/usr/local/sbin/dockerd", `#!/bin/sh\n${shimMark}\n`);
    program("/usr/bin/dockerd", "not executable", 0o644);
    program("/usr/sbin/dockerd");
    const path = ["/none", "/usr/local/sbin", "/usr/bin", "/usr/sbin"];
    assert.deepEqual(await findDaemon(stage, path, "dockerd"), {
      directory: "/usr/sbin",
      program: "/usr/sbin/dockerd",
    });
    assert.equal(await findDaemon(stage, path.slice(0, 3), "dockerd"), undefined);
  });

  it("is the image's, or the usual one", () => {
    assert.deepEqual(pathOf(["A=b", "PATH=/x:relative:/y"]), ["/x", "/y"]);
    assert.equal(pathOf([])[0], "/usr/local/sbin");
  });
});

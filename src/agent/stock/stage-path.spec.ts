import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { findDaemon, pathOf, resolveInStage, shimMark } from "./stage-path.js";

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

  it("ends where links go round", async () => {
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

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { readDockerVersion } from "./docker-version.js";

describe("the version of a Docker that is not run", () => {
  let stage = "";
  beforeEach(() => {
    stage = mkdtempSync(`${tmpdir()}/larder-stage-`);
    for (const folder of ["usr/bin", "var/lib/dpkg/info", "lib/apk/db"])
      mkdirSync(`${stage}/${folder}`, { recursive: true });
  });
  afterEach(() => rmSync(stage, { recursive: true }));
  const read = (content: string) => {
    writeFileSync(`${stage}/usr/bin/dockerd`, content);
    return readDockerVersion(stage, "/usr/bin/dockerd");
  };
  const dpkg = (version: string, file = "/usr/bin/dockerd") => {
    const status = `Package: docker.io\nStatus: ok\nVersion: ${version}\n\nPackage: x\nVersion: 1\n`;
    writeFileSync(`${stage}/var/lib/dpkg/status`, status);
    writeFileSync(`${stage}/var/lib/dpkg/info/docker.io.list`, `/.\n${file}\n`);
  };

  it("is a class by what the program has", async () => {
    assert.deepEqual(await read("\x7fELF"), { text: "20.10", major: 20 });
    assert.deepEqual(await read("\x7fELF containerd-snapshotter"), { text: "23 to 28", major: 23 });
    assert.deepEqual(await read("\x7fELF github.com/moby/moby/v2/x"), { text: "29 or later", major: 29 });
  });

  it("is in the linker's options, also where two pieces meet", async () => {
    const text = 'dockerversion.Version=29.9.3\\" github.com/moby/moby/v2/x ';
    for (let cut = 0; cut < text.length; cut += 7) {
      const filler = "-".repeat((4 << 20) - 4 - cut);
      assert.deepEqual(await read(`\x7fELF${filler}${text}`), { text: "29.9.3", major: 29 });
    }
  });

  it("is the package's, if that has the program and is of the same class", async () => {
    dpkg("5:28.5.2+dfsg4-5");
    assert.equal((await read("\x7fELF containerd-snapshotter"))?.text, "28.5.2");
    assert.equal((await read("\x7fELF github.com/moby/moby/v2/x"))?.text, "29 or later");
    dpkg("28.5.2", "/usr/sbin/dockerd");
    assert.equal((await read("\x7fELF containerd-snapshotter"))?.text, "23 to 28");
    const installed =
      "P:a\nV:1\nF:usr/bin\nR:a\n\nP:docker-engine\nV:28.3.3-r1\nF:usr\nF:usr/bin\nR:dockerd\n";
    writeFileSync(`${stage}/lib/apk/db/installed`, installed);
    assert.equal((await read("\x7fELF containerd-snapshotter"))?.text, "28.3.3");
  });

  it("is not to be had of a script", async () => {
    assert.equal(await read("#!/bin/sh\nexec /opt/dockerd\n"), undefined);
    assert.equal(await read(""), undefined);
  });
});

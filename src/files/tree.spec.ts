import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { writeLayerFolder } from "../shelf/layer-folder.js";
import { onlyAsRoot } from "../testing.js";
import { toBytes } from "./bytes.js";
import { copyTree, walkTree } from "./tree.js";

const make = `
set -e
umask 022
mkdir -p a/b.d a/b a/deleted
echo 1 >a/b/one; ln a/b/one a/b/two; ln -s nowhere a/link; mkfifo a/fifo
printf x >"$(printf 'a/\\377odd\\nname')"
echo suid >a/suid; chmod 4755 a/suid; chown 12:34 a/suid
mknod a/gone c 0 0; mknod a/null c 1 3
touch -d '2001-02-03 04:05:06.123456789' a/b/one a/b.d; touch -d '2002-02-02 02:02:02.5' a/b
`;

describe("copies of layers", () => {
  let work = "";
  before(function () {
    onlyAsRoot(this);
  });
  beforeEach(() => {
    work = mkdtempSync(`${tmpdir()}/larder-tree-`);
    mkdirSync(`${work}/from`);
    mkdirSync(`${work}/to`);
    execFileSync("sh", ["-c", make], { cwd: `${work}/from` });
  });
  afterEach(() => rmSync(work, { recursive: true }));

  const listing = (directory: string): string =>
    execFileSync("sh", ["-c", "find . -printf '%p %y %m %U:%G %T@ %n %l\\0' | sort -z | tr '\\0' '\\n'"], {
      cwd: directory,
      encoding: "latin1",
    });

  it("are exact, without whiteouts", async () => {
    const paths: string[] = [];
    for await (const path of walkTree(`${work}/from`)) paths.push(path);
    await copyTree(`${work}/from`, `${work}/to`);
    rmSync(`${work}/from/a/gone`);
    execFileSync("touch", ["-r", `${work}/from/a`, `${work}/to/a`]);
    execFileSync("touch", ["-r", `${work}/from`, `${work}/to`]);
    assert.equal(listing(`${work}/to`), listing(`${work}/from`));
    assert.ok(paths.includes("a/\u00ffodd\nname"));
  });

  it("say which directory could not be copied", async () => {
    await assert.rejects(copyTree(`${work}/none`, `${work}/to`), /copying .*none to .*to: .*tar/);
  });

  it("have fixed times and modes where the layer's tar has no entry", async () => {
    const diffId = `sha256:${"1".repeat(64)}`;
    const layer = {
      diffId,
      directory: `${work}/from`,
      implied: ["a/b.d", "a/new"],
      whiteouts: ["a/gone", "a/new/gone"],
    };
    await writeLayerFolder(layer, `${work}/to`);
    const folder = `${work}/to/usr/lib/larder/layers/${"1".repeat(64)}`;
    assert.equal(execFileSync("cat", [`${folder}/whiteouts`], { encoding: "utf8" }), "a/gone\na/new/gone\n");
    const lines = listing(`${work}/to`).split("\n");
    for (const path of ["", "/usr", "/usr/lib/larder", "/usr/lib/larder/layers"]) {
      assert.ok(
        lines.some((line) => line.startsWith(`.${path} d 755 0:0 0.0000000000 `)),
        path,
      );
    }
    const files = listing(`${folder}/fs`).split("\n");
    for (const path of ["./a/b.d", "./a/new", "."]) {
      assert.ok(
        files.some((line) => line.startsWith(`${path} d 755 0:0 0.0000000000 `)),
        path,
      );
    }
    assert.ok(files.some((line) => line.startsWith("./a/b d 755 0:0 1012615322.5000000000")));
    assert.ok(!files.some((line) => line.startsWith("./a/gone ")));
    assert.ok(toBytes(files.join()).includes(0xff));
  });
});

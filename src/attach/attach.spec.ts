import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { chainOf } from "../image/chain.js";
import { hexOf } from "../image/digest.js";
import { eachShell, imageIdOf, whereIs, writeShelf } from "./testing.js";

const one = `sha256:${"1".repeat(64)}`;
const two = `sha256:${"2".repeat(64)}`;
const three = `sha256:${"3".repeat(64)}`;
eachShell("attach to overlay2", "dockerd", (bench) => {
  let work = "";
  let root = "";
  beforeEach(async () => {
    work = bench.work;
    root = bench.root;
    await writeShelf(`${work}/shelf`, [{ name: "redis:7", diffIds: [one, two] }]);
  });
  const { attach } = bench;
  const image = (file: string): string => `${root}/image/overlay2/${file}`;
  const topLayer = (): string => image(`layerdb/sha256/${hexOf(chainOf([one, two]).at(-1)?.chainId ?? "")}`);
  const references = (): unknown =>
    JSON.parse(fs.readFileSync(image("repositories.json"), "utf8")).Repositories;
  const tree = (): string =>
    execFileSync(
      "sh",
      ["-c", "find . -printf '%p %y %m %l\\n' | sort; cat image/overlay2/repositories.json"],
      {
        cwd: root,
        encoding: "utf8",
      },
    );

  it("links a fresh data root to the shelf, once", () => {
    const first = attach();
    assert.match(
      first.said,
      /^larder: attached 1 image \(2 layers\) to .*data root by link in \d+\.\d\d s\n$/,
    );
    assert.equal(first.code, 0);
    assert.equal(fs.statSync(root).mode & 0o7777, 0o710);
    assert.equal(fs.readFileSync(`${topLayer()}/diff`, "utf8"), two);
    const cache = fs.readFileSync(`${topLayer()}/cache-id`, "utf8");
    assert.equal(fs.readFileSync(`${root}/overlay2/${cache}/diff/file`, "utf8"), two);
    for (const deleted of ["deleted", "odd \u00e4\n/x"]) {
      assert.ok(fs.lstatSync(`${root}/overlay2/${cache}/whiteouts/${deleted}`).isCharacterDevice(), deleted);
    }
    assert.deepEqual(references(), {
      redis: { "redis:7": imageIdOf({ name: "redis:7", diffIds: [one, two] }) },
    });

    fs.rmSync(topLayer(), { recursive: true });
    assert.match(attach().said, /^larder: had attached 1 image/);
    assert.ok(!fs.existsSync(topLayer()), "what the user removed stays removed");
  });

  it("gives the same wherever it was killed before", () => {
    attach();
    const whole = tree();
    const removals = [
      "larder/[0-9a-f]*",
      "image/overlay2/layerdb/sha256/*/diff larder/*",
      "image overlay2/*/lower overlay2/*/whiteouts larder",
      "image overlay2/l larder",
    ];
    for (const removal of removals) {
      execFileSync("sh", ["-c", `rm -r ${removal}`], { cwd: root });
      assert.match(attach().said, /larder: attached 1 image/);
      assert.equal(tree(), whole, removal);
    }
  });

  it("gives the same after cp was killed at any directory of the databases", () => {
    attach();
    const whole = tree();
    const bin = `${work}/bin`;
    fs.mkdirSync(bin);
    const directories = execFileSync("sh", ["-c", "find image -type d"], { cwd: root, encoding: "utf8" });
    const count = directories.trim().split("\n").length;
    // As cp goes on: a directory has its own mode when all in it is there.
    const halfway = `#!/bin/sh
case "$*" in
  *catalog/overlay2/root/image *)
    for to; do :; done
    cd '${work}/shelf/catalog/overlay2/root/image'
    find . -type d | head -n "$LARDER_TEST_DIRECTORIES" | while read -r path; do mkdir -p -m 700 "$to/$path"; done
    kill -9 $PPID
    ;;
esac
exec ${whereIs("cp")} "$@"
`;
    fs.writeFileSync(`${bin}/cp`, halfway, { mode: 0o755 });
    for (let made = 1; made <= count; made++) {
      fs.rmSync(root, { recursive: true });
      attach({ PATH: `${bin}:${process.env.PATH}`, LARDER_TEST_DIRECTORIES: String(made) });
      assert.ok(!fs.existsSync(`${root}/image`));
      assert.match(attach().said, /larder: attached 1 image/);
      assert.equal(tree(), whole, `${made} directories`);
    }
  });

  it("leaves what is there, and follows the references that it set itself", async () => {
    fs.mkdirSync(topLayer(), { recursive: true });
    fs.writeFileSync(`${topLayer()}/cache-id`, "the-daemon's-own");
    fs.writeFileSync(
      image("repositories.json"),
      '{"Repositories":{"redis":{"redis:8":"sha256:8"},"x":{"x:1":"sha256:1"}}}',
    );
    assert.equal(attach().code, 0);
    assert.equal(fs.readFileSync(`${topLayer()}/cache-id`, "utf8"), "the-daemon's-own");
    const id = imageIdOf({ name: "redis:7", diffIds: [one, two] });
    assert.deepEqual(references(), {
      redis: { "redis:7": id, "redis:8": "sha256:8" },
      x: { "x:1": "sha256:1" },
    });

    await writeShelf(`${work}/newer`, [
      { name: "redis:7", diffIds: [two] },
      { name: "x:1", diffIds: [one] },
    ]);
    assert.equal(attach({}, undefined, "newer").code, 0);
    const newer = imageIdOf({ name: "redis:7", diffIds: [two] });
    assert.deepEqual(references(), {
      redis: { "redis:7": newer, "redis:8": "sha256:8" },
      x: { "x:1": "sha256:1" },
    });
  });

  it("takes away what another system image attached and this one lacks", async () => {
    attach();
    await writeShelf(`${work}/other`, [{ name: "x:1", diffIds: [three] }]);
    fs.rmSync(`${work}/shelf`, { recursive: true });
    assert.match(attach({}, undefined, "other").said, /attached 1 image \(1 layer\)/);
    assert.ok(!fs.existsSync(topLayer()));
    assert.deepEqual(fs.readdirSync(image("imagedb/content/sha256")), [
      hexOf(imageIdOf({ name: "x:1", diffIds: [three] })),
    ]);
    assert.equal(fs.readdirSync(`${root}/overlay2`).length, 2);
  });

  it("copies, so that the shelf is not needed", () => {
    assert.match(attach({ LARDER_ATTACH: "copy" }).said, /attached 1 image \(2 layers\) to .* by copy in/);
    fs.renameSync(`${work}/shelf`, `${work}/gone`);
    const cache = fs.readFileSync(`${topLayer()}/cache-id`, "utf8");
    assert.equal(fs.readFileSync(`${root}/overlay2/${cache}/diff/file`, "utf8"), two);
    assert.match(fs.readFileSync(`${root}/overlay2/${cache}/lower`, "utf8"), /^l\/[A-Z2-7]{26}:l\//);
  });

  it("does not depend on what only its line tells", () => {
    const bin = `${work}/bin`;
    fs.mkdirSync(bin);
    fs.writeFileSync(`${bin}/cat`, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const { said, code } = attach({ PATH: `${bin}:${process.env.PATH}` });
    assert.match(said, /^larder: attached 1 image \(2 layers\) to .*data root by link\n$/);
    assert.equal(code, 0);
  });

  it("is switched off, and refuses other words", () => {
    assert.deepEqual(attach({ LARDER_ATTACH: "off" }), { code: 0, said: "" });
    assert.ok(!fs.existsSync(root));
    const wrong = attach({ LARDER_ATTACH: "yes" });
    assert.equal(wrong.code, 1);
    assert.equal(
      wrong.said,
      "larder: LARDER_ATTACH=yes is none of link, copy and off; the daemon starts without them\n",
    );
  });

  it("finds the data root as the daemon does", () => {
    const config = `${work}/daemon.json`;
    fs.writeFileSync(config, `{\n "debug": true,\n "data-root":\n  "${root}/"\n}`);
    const cases = [
      [`--config-file=${config}`],
      ["--config-file", config],
      ["--data-root", root],
      ["-g", root],
      [`--graph=${root}/`],
    ];
    for (const args of cases) {
      assert.equal(attach({}, args).code, 0);
      assert.ok(fs.existsSync(`${root}/overlay2`), args.join(" "));
      fs.rmSync(root, { recursive: true });
    }
  });

  it("makes the whiteouts without tar, too", () => {
    const bin = `${work}/bin`;
    fs.mkdirSync(bin);
    for (const tool of ["cp", "mkdir", "mknod", "mv", "rm", "stat", bench.shell]) {
      fs.symlinkSync(whereIs(tool), `${bin}/${tool}`);
    }
    assert.equal(attach({ PATH: bin }).code, 0);
    const withoutTar = tree().replace(/c \d+/g, "c");
    fs.rmSync(root, { recursive: true });
    attach();
    assert.equal(tree().replace(/c \d+/g, "c"), withoutTar);
  });
});

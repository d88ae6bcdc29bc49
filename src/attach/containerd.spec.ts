import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { parse, stringify } from "smol-toml";
import { hexOf } from "../image/digest.js";
import { blobOf, eachShell, whereIs, writeContainerdShelf } from "./testing.js";

const one = `sha256:${"1".repeat(64)}`;
const two = `sha256:${"2".repeat(64)}`;
const attachedTwo = /^larder: attached 1 image \(2 layers\) to .*data root by link in \d+\.\d\d s\n$/;

eachShell("attach to containerd", "containerd", (bench) => {
  const snapshots = (): string => `${bench.root}/io.containerd.snapshotter.v1.overlayfs/snapshots`;
  const blobs = (): string => `${bench.root}/io.containerd.content.v1.content/blobs/sha256`;
  const database = (): string => `${bench.root}/io.containerd.metadata.v1.bolt/meta.db`;
  /** All of the root but its times, and what is in the databases. */
  const tree = (root = bench.root): string => {
    const program = "find . -printf '%p %y %m %l\\n' | sort; find . -name '*.db' | sort | xargs cat";
    return execFileSync("sh", ["-c", program], { cwd: root, encoding: "utf8" });
  };

  beforeEach(() =>
    writeContainerdShelf(`${bench.work}/shelf`, [{ name: "docker.io/library/redis:7", diffIds: [one, two] }]),
  );

  it("links a fresh root to the shelf, once", () => {
    const first = bench.attach();
    assert.match(first.said, attachedTwo);
    assert.equal(first.code, 0);
    assert.equal(fs.readFileSync(`${snapshots()}/1/fs/file`, "utf8"), one);
    assert.equal(fs.readFileSync(`${snapshots()}/3/fs/file`, "utf8"), two);
    for (const deleted of ["deleted", "odd \u00e4\n/x"]) {
      assert.ok(fs.lstatSync(`${snapshots()}/4/fs/${deleted}`).isCharacterDevice(), deleted);
    }
    assert.ok(fs.lstatSync(`${blobs()}/${hexOf(blobOf(two))}`).isSymbolicLink());
    assert.equal(fs.readFileSync(`${blobs()}/${hexOf(blobOf(two))}`, "utf8"), `blob of ${two}`);
    assert.equal(fs.readFileSync(database(), "utf8"), "io.containerd.metadata.v1.bolt/meta.db");
    fs.rmSync(`${snapshots()}/1`, { recursive: true });
    assert.match(bench.attach().said, /^larder: had attached 1 image \(2 layers\)/);
    assert.ok(!fs.existsSync(`${snapshots()}/1`), "what the user removed stays removed");
  });

  it("has short links only: longer ones take a block each", () => {
    bench.attach();
    const links = execFileSync("find", [bench.root, "-type", "l", "-printf", "%l\\n"], { encoding: "utf8" });
    const real = links
      .trim()
      .split("\n")
      .map((target) => target.replace(`${bench.work}/shelf`, "/usr/lib/larder"));
    assert.ok(real.length >= 4 && real.every((target) => target.length < 60), links);
  });

  it("gives the same wherever it was killed before", () => {
    bench.attach();
    const whole = tree();
    for (const removal of [
      "*.bolt/meta.db",
      "*.bolt/meta.db larder/[0-9a-f]*",
      "*.bolt/meta.db *overlayfs/snapshots/3",
      "*.bolt larder",
    ]) {
      execFileSync("sh", ["-c", `rm -r ${removal}`], { cwd: bench.root });
      fs.mkdirSync(`${snapshots()}/7/fs`, { recursive: true });
      assert.match(bench.attach().said, attachedTwo, removal);
      assert.equal(tree(), whole, removal);
    }
  });

  it("copies, so that the shelf is not needed", () => {
    assert.match(bench.attach({ LARDER_ATTACH: "copy" }).said, / by copy in /);
    fs.renameSync(`${bench.work}/shelf`, `${bench.work}/gone`);
    assert.equal(fs.readFileSync(`${snapshots()}/3/fs/file`, "utf8"), two);
    assert.equal(fs.readFileSync(`${blobs()}/${hexOf(blobOf(two))}`, "utf8"), `blob of ${two}`);
    assert.equal(execFileSync("find", [bench.root, "-type", "l"], { encoding: "utf8" }), "");
  });

  it("copies a layer that an image has twice", async () => {
    await writeContainerdShelf(`${bench.work}/twice`, [{ name: "a:1", diffIds: [one, two, one] }]);
    assert.equal(bench.attach({}, undefined, "twice").code, 0);
    assert.ok(fs.lstatSync(`${snapshots()}/1/fs`).isSymbolicLink());
    assert.ok(fs.lstatSync(`${snapshots()}/5/fs`).isDirectory());
    assert.equal(fs.readFileSync(`${snapshots()}/5/fs/file`, "utf8"), one);
  });

  it("finds the root as containerd does", () => {
    const config = `${bench.work}/config.toml`;
    const nested = '[plugins]\n  root = "/nowhere"\n';
    const cases: [toml: string, args: string[]][] = [
      [`version = 2\n# root = "/no"\nroot = "${bench.root}"\n${nested}`, ["--config", config]],
      [`  root='${bench.root}/'\n${nested}`, [`--config=${config}`]],
      [`root="${bench.root}"`, ["-c", config]],
      ['root = "/nowhere"', ["--config", config, "--root", bench.root]],
      ["", [`--root=${bench.root}/`, "--log-level", "debug"]],
    ];
    for (const [toml, args] of cases) {
      fs.writeFileSync(config, toml);
      assert.equal(bench.attach({}, args).code, 0);
      assert.ok(fs.existsSync(database()), args.join(" "));
      fs.rmSync(bench.root, { recursive: true });
    }
  });

  it("finds a root with quotes and backslashes, and refuses a line break", () => {
    const config = `${bench.work}/config.toml`;
    const odd = `${bench.work}/it's "a\\b" # \u00e9`;
    fs.symlinkSync(bench.root, odd);
    fs.mkdirSync(bench.root);
    fs.writeFileSync(config, `${stringify({ root: odd })}\n[plugins]\n`);
    const { code, said } = bench.attach({}, ["--config", config]);
    assert.equal(code, 0, said);
    assert.ok(said.includes(` to ${odd} by link`), said);
    const refused = bench.attach({}, [`--root=${bench.work}/a\nb`]);
    assert.equal(refused.code, 1);
    assert.match(
      refused.said,
      /^larder: containerd's root has a line break in its name: choose another one;/,
    );
  });

  it("writes strings of TOML", () => {
    const program = `. ${fileURLToPath(new URL("./merge.sh", import.meta.url))}\nfor one; do toml_word "$one"; echo ,; done`;
    const text = fc.string({ unit: fc.constantFrom(..."ab/ '\"\\$`%&*#=[]{},:\t\u00e9"), maxLength: 12 });
    const check = fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (words) => {
      const shell = bench.shell === "busybox" ? ["sh"] : [];
      const written = execFileSync(bench.shell, [...shell, "-c", program, "x", ...words], {
        encoding: "utf8",
      });
      assert.deepEqual(parse(`words = [${written}]`).words, words);
    });
    fc.assert(check, { numRuns: 10 });
  });

  it("makes the whiteouts without tar, too", () => {
    const bin = `${bench.work}/bin`;
    fs.mkdirSync(bin);
    for (const tool of ["cp", "mkdir", "mknod", "mv", "rm", "stat", bench.shell]) {
      fs.symlinkSync(whereIs(tool), `${bin}/${tool}`);
    }
    assert.equal(bench.attach({ PATH: bin }).code, 0);
    const withoutTar = tree().replace(/c \d+/g, "c");
    fs.rmSync(bench.root, { recursive: true });
    bench.attach();
    assert.equal(tree().replace(/c \d+/g, "c"), withoutTar);
  });

  it("leaves a root with other images alone where it cannot ask containerd to add to it", () => {
    fs.mkdirSync(`${bench.root}/io.containerd.metadata.v1.bolt`, { recursive: true });
    fs.writeFileSync(database(), "the user's own");
    const bin = `${bench.work}/bin`;
    fs.mkdirSync(bin);
    for (const tool of ["cp", "mkdir", "stat", bench.shell]) fs.symlinkSync(whereIs(tool), `${bin}/${tool}`);
    const { code, said } = bench.attach({ PATH: bin });
    assert.equal(code, 1);
    assert.match(
      said,
      /data root holds other images, and without containerd in PATH none can be added to it; the daemon starts without them\n$/,
    );
    assert.equal(fs.readFileSync(database(), "utf8"), "the user's own");
    assert.ok(!fs.existsSync(snapshots()));
  });

  it("of Docker's own is filled by dockerd's part, and only with Docker's images", async () => {
    const dataRoot = `${bench.work}/docker`;
    const root = `${dataRoot}/containerd/daemon`;
    assert.match(
      bench.attachAs("dockerd", [`--data-root=${dataRoot}`]).said,
      /attached 1 image .*docker\/containerd\/daemon by/,
    );
    assert.deepEqual(bench.attach({}, [`--root=${root}`]), { code: 0, said: "" });
    for (const other of ["--containerd=/run/x.sock", "--containerd"]) {
      fs.rmSync(dataRoot, { recursive: true, force: true });
      assert.deepEqual(bench.attachAs("dockerd", [`--data-root=${dataRoot}`, other]), { code: 0, said: "" });
      assert.ok(!fs.existsSync(root));
    }
  });
});

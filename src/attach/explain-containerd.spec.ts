import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { explain, image, program, reasons, shimText, texts } from "./explain-testing.js";
import { eachShell, whereIs, writeContainerdShelf } from "./testing.js";

eachShell("attach --explain containerd", "containerd", (bench) => {
  const args = (...more: string[]): string[] => ["containerd", `--root=${bench.root}`, ...more];
  const snapshotter = (): string => `${bench.root}/io.containerd.snapshotter.v1.overlayfs`;

  beforeEach(() => writeContainerdShelf(`${bench.work}/shelf`, [image]));

  it("says what attach would do, has done, and mends", () => {
    const fresh = explain(bench, args());
    assert.match(texts(bench, fresh, "data root").join(), /^\/work\/data root \(--root\), on \w+/);
    assert.deepEqual(texts(bench, fresh, "attach"), ["links 2 layers into /work/data root"]);
    bench.attach();
    const there = explain(bench, args());
    assert.deepEqual(texts(bench, there, "there"), ["attached before by link: 3 of 3 snapshots"]);
    fs.rmSync(`${snapshotter()}/snapshots/1/fs`);
    assert.deepEqual(texts(bench, explain(bench, args()), "attach"), ["mends 1 layer"]);
    fs.rmSync(snapshotter(), { recursive: true });
    const gone = explain(bench, args());
    assert.deepEqual(texts(bench, gone, "attach"), ["lays the snapshots anew"]);
    assert.equal(gone.code, 0);
  });

  it("takes the root from a config file", () => {
    const config = `${bench.work}/config.toml`;
    fs.writeFileSync(config, `root = "${bench.root}"\n`);
    const explained = explain(bench, ["containerd", "-c", config]);
    assert.match(
      texts(bench, explained, "data root").join(),
      /^\/work\/data root \(root in \/work\/config.toml\)/,
    );
    fs.rmSync(config);
    assert.match(
      reasons(bench, explain(bench, ["containerd", "-c", config])).join(),
      /\(-c\) is not there, so containerd does not/,
    );
  });

  it("says each reason why images do not show up", () => {
    fs.mkdirSync(`${bench.root}/io.containerd.metadata.v1.bolt`, { recursive: true });
    fs.writeFileSync(`${bench.root}/io.containerd.metadata.v1.bolt/meta.db`, "");
    const empty = program(bench, "empty", "containerd", shimText);
    for (const tool of ["stat", "cat", "tr", "mkdir", "rm", "mount", "umount"])
      fs.symlinkSync(whereIs(tool), `${empty}/${tool}`);
    const others = explain(bench, args());
    assert.deepEqual(texts(bench, others, "there"), ["a containerd's database"]);
    if (spawnSync("sh", ["-c", "command -v ctr"]).status !== 0)
      assert.match(
        reasons(bench, others).join(),
        /holds other images, and without ctr in PATH none can be added to it$/,
      );

    const config = `${bench.work}/config.toml`;
    fs.writeFileSync(config, '[plugins."io.containerd.snapshotter.v1.overlayfs"]\nroot_path = "/x"\n');
    assert.match(
      reasons(bench, explain(bench, args(`--config=${config}`))).join(),
      /^containerd's snapshots are at \/x \(root_path in \/work\/config.toml\).*: leave that out$/,
    );
    fs.rmSync(`${bench.work}/shelf/catalog/containerd/id`);
    assert.deepEqual(reasons(bench, explain(bench, args())), [
      "/work/shelf has no images for a containerd: name them with PRELOAD --store=containerd in the Dockerfile of this image",
    ]);
  });

  it("says that images are gone, and that other snapshots cannot come back", () => {
    bench.attach();
    fs.rmSync(`${snapshotter()}/snapshots`, { recursive: true });
    assert.match(
      reasons(bench, explain(bench, args())).join(),
      /^the inner images were removed from \/work\/data root/,
    );
    fs.rmSync(`${snapshotter()}/metadata.db`);
    fs.appendFileSync(
      `${bench.root}/larder/snapshots.${fs.readFileSync(`${bench.work}/shelf/catalog/containerd/id`, "utf8").trim()}`,
      "9 link x\n",
    );
    assert.match(
      reasons(bench, explain(bench, args())).join(),
      /^the snapshots of .* are gone from .*: start containerd on another root/,
    );
  });

  it("names dockerd for the root of Docker's own, and containerd for a Docker that uses another one", () => {
    const own = explain(bench, ["containerd", `--root=${bench.work}/x/containerd/daemon`]);
    assert.match(texts(bench, own, "note").join("\n"), /attach --explain dockerd explains it better/);
    const other = explain(bench, ["dockerd", "--containerd=/run/x.sock", `--data-root=${bench.root}`]);
    assert.match(texts(bench, other, "daemon")[1] ?? "", /^containerd( .*)? \(/);
    const [dockers, others] = texts(bench, other, "data root");
    assert.match(dockers ?? "", /^\/work\/data root \(--data-root\)/);
    // This machine may run a containerd.
    assert.ok(others !== undefined && !others.startsWith("/work"), others);
  });
});

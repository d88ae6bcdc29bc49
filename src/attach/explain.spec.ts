import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { hexOf } from "../image/digest.js";
import { skip } from "../testing.js";
import {
  type Bench,
  type Explained,
  eachShell,
  imageIdOf,
  whereIs,
  writeContainerdShelf,
  writeShelf,
} from "./testing.js";

const layers = ["1", "2"].map((digit) => `sha256:${digit.repeat(64)}` as const);
const image = { name: "redis:7", diffIds: layers };

/** Everything below a directory but the times of reading. */
function treeOf(directory: string): string {
  const program = "find . -printf '%p %y %m %U %i %s %T@ %C@ %l\\n' | sort";
  return execFileSync("sh", ["-c", program], { cwd: directory, encoding: "utf8" });
}

/** Texts of the lines with a name, without the test's own paths. */
function texts({ work }: Bench, { lines }: Explained, name: string): string[] {
  const named = lines.filter((line) => line.startsWith(`${name}: `));
  return named.map((line) => line.slice(name.length + 2).replaceAll(work, "/work"));
}

/** An executable in a directory of its own. @returns the directory. */
function program({ work }: Bench, directory: string, name: string, text: string): string {
  const path = `${work}/${directory}`;
  fs.mkdirSync(path, { recursive: true });
  fs.writeFileSync(`${path}/${name}`, text, { mode: 0o755 });
  return path;
}

const shimText = "#!/bin/sh\n# larder-shim\n";
const otherText = "#!/bin/sh\nexit 0\n";

/** Explains with Larder's programs first in PATH, and asserts that nothing has changed. */
function explain(bench: Bench, args: readonly string[], env: NodeJS.ProcessEnv = {}): Explained {
  for (const name of ["dockerd", "containerd"]) program(bench, "shims", name, shimText);
  const before = treeOf(bench.work);
  const path = [env.PATH, `${bench.work}/shims`].filter((one) => one !== undefined).join(":");
  const explained = bench.explain(args, { ...env, PATH: path });
  assert.equal(treeOf(bench.work), before, "nothing is changed");
  assert.deepEqual(
    fs.readdirSync("/dev/shm").filter((name) => name.startsWith("larder-explain")),
    [],
  );
  const shows = explained.lines.at(-1) === "images: show up";
  if (explained.code !== 2) assert.equal(explained.code, shows ? 0 : 1, explained.lines.join("\n"));
  return explained;
}

eachShell("attach --explain dockerd", "dockerd", (bench) => {
  const args = (...more: string[]): string[] => ["dockerd", `--data-root=${bench.root}`, ...more];
  const reasons = (explained: Explained): string[] => texts(bench, explained, "why not");

  describe("where the images show up", () => {
    beforeEach(() => writeShelf(`${bench.work}/shelf`, [image]));

    it("says what is found, from where, and what attach would do", () => {
      const explained = explain(bench, args());
      const { lines } = explained;
      assert.ok(lines.includes("shelf: 1 image (2 layers) for overlay2"), lines.join("\n"));
      assert.match(texts(bench, explained, "data root").join(), /^\/work\/data root \(--data-root\), on \w+/);
      assert.deepEqual(texts(bench, explained, "store"), [
        "the graph driver overlay2 (the default of Docker 28.5.2)",
      ]);
      assert.deepEqual(texts(bench, explained, "there"), ["no images"]);
      assert.deepEqual(texts(bench, explained, "attach"), ["links 2 layers into /work/data root"]);
      assert.deepEqual(reasons(explained), []);
      assert.equal(explained.code, 0);
    });

    it("takes data root and store from daemon.json and the environment", async () => {
      await writeContainerdShelf(`${bench.work}/shelf`, [image]);
      const config = `${bench.work}/daemon.json`;
      fs.writeFileSync(config, JSON.stringify({ "data-root": bench.root }));
      const byFile = explain(bench, ["dockerd", "--config-file", config]);
      assert.match(texts(bench, byFile, "data root").join(), /\(data-root in \/work\/daemon.json\)/);
      assert.deepEqual(texts(bench, byFile, "attach"), [
        "links 2 layers into /work/data root/containerd/daemon",
      ]);
      const byVariable = explain(bench, ["dockerd", "--config-file", config], { DOCKER_DRIVER: "overlay2" });
      assert.deepEqual(texts(bench, byVariable, "store"), [
        "the graph driver overlay2 (the variable DOCKER_DRIVER)",
      ]);
      assert.deepEqual(texts(bench, byVariable, "attach"), ["links 2 layers into /work/data root"]);
    });

    it("says that layers are copied: by the variable, or since none can be mounted on", () => {
      const copies = ["copies 2 layers to /work/data root"];
      assert.deepEqual(texts(bench, explain(bench, args(), { LARDER_ATTACH: "copy" }), "attach"), copies);
      program(bench, "mounts", "mount", '#!/bin/sh\ncase "$*" in */shelf/*) exit 1 ;; esac\n');
      const nested = explain(bench, args(), { PATH: program(bench, "mounts", "umount", otherText) });
      assert.deepEqual(texts(bench, nested, "attach"), copies);
      assert.match(
        texts(bench, nested, "note").join(),
        /overlayfs cannot be mounted on .*: the layers are copied/,
      );
      assert.equal(nested.code, 0);
    });

    it("says that all is there, or is mended", () => {
      bench.attach();
      const there = explain(bench, args());
      assert.deepEqual(texts(bench, there, "there"), ["attached before by link: 1 of 1 image"]);
      assert.deepEqual(texts(bench, there, "attach"), ["looks over what is there"]);
      execFileSync("find", [bench.root, "-name", "diff", "-type", "l", "-path", "*/overlay2/*", "-delete"]);
      assert.deepEqual(texts(bench, explain(bench, args()), "attach"), ["mends 2 layers"]);
    });

    it("does not mind how the daemon is started where images are attached", () => {
      bench.attach();
      const explained = explain(bench, ["/usr/bin/dockerd", ...args().slice(1)], { LARDER_ATTACH: "off" });
      assert.deepEqual(texts(bench, explained, "attach"), ["is not run"]);
      assert.equal(texts(bench, explained, "note").filter((note) => /is off|its name/.test(note)).length, 2);
      assert.equal(explained.code, 0);
    });

    it("tells a volume that holds other things, and names that stay the user's", async () => {
      await writeShelf(`${bench.work}/other`, [{ name: "redis:7", diffIds: layers.slice(1) }]);
      bench.attach({}, undefined, "other");
      fs.rmSync(`${bench.root}/larder/references`);
      const explained = explain(bench, args());
      assert.deepEqual(texts(bench, explained, "there"), [
        "1 other image, and links to the layers of another system image",
      ]);
      assert.ok(
        texts(bench, explained, "note").some((note) => note.startsWith("redis:7 names another image in ")),
        explained.lines.join("\n"),
      );
      assert.equal(explained.code, 0);
    });

    it("is fine with Larder's program by its path", () => {
      const path = program(bench, "elsewhere", "dockerd", shimText);
      assert.deepEqual(reasons(explain(bench, [`${path}/dockerd`, ...args().slice(1)])), []);
    });

    it("says what Docker cannot do without the compressed layers", async () => {
      await writeContainerdShelf(`${bench.work}/shelf`, [image]);
      fs.writeFileSync(`${bench.work}/shelf/catalog/containerd/no-blobs`, "");
      const explained = explain(bench, args("--feature=containerd-snapshotter"));
      assert.ok(
        texts(bench, explained, "shelf").includes(
          "1 image (2 layers) for containerd, in namespace moby, without compressed layers",
        ),
      );
      assert.match(texts(bench, explained, "note").join("\n"), /^docker save and docker push do not work/m);
    });
  });

  describe("each reason why they do not", () => {
    beforeEach(() => writeShelf(`${bench.work}/shelf`, [image]));

    it("no images on the shelf", async () => {
      fs.rmSync(`${bench.work}/shelf`, { recursive: true });
      const way =
        "has no images for Docker: name them with PRELOAD, without --namespace, in the Dockerfile of this image";
      assert.deepEqual(reasons(explain(bench, args())), [`/work/shelf ${way}`]);
      await writeContainerdShelf(`${bench.work}/shelf`, [image]);
      const images = `${bench.work}/shelf/catalog/containerd/images`;
      fs.writeFileSync(images, fs.readFileSync(images, "utf8").replace(/^moby /, "k8s.io "));
      const explained = explain(bench, args());
      assert.deepEqual(reasons(explained), [`/work/shelf ${way}`]);
      assert.deepEqual(texts(bench, explained, "shelf"), [
        "1 image (2 layers) for containerd, in namespace k8s.io",
      ]);
    });

    it("another store", () => {
      assert.deepEqual(reasons(explain(bench, args("--storage-driver=vfs"))), [
        "this Docker keeps its images with the graph driver vfs (--storage-driver), and the inner images are for the graph " +
          "driver overlay2: leave that out",
      ]);
      fs.mkdirSync(`${bench.root}/zfs/x`, { recursive: true });
      assert.match(
        reasons(explain(bench, args())).join(),
        /\(what \/work\/data root holds\).*: start it on a data root/,
      );
    });

    it("users without the files' owners", () => {
      assert.match(
        reasons(explain(bench, args("--userns-remap=default"))).join(),
        /: leave userns-remap out$/,
      );
    });

    it("LARDER_ATTACH, and what is a reason beside it", () => {
      assert.deepEqual(reasons(explain(bench, args("-s", "vfs"), { LARDER_ATTACH: "off" })).length, 2);
      assert.deepEqual(reasons(explain(bench, args(), { LARDER_ATTACH: "off" })), [
        "LARDER_ATTACH is off: leave the variable out",
      ]);
      assert.deepEqual(reasons(explain(bench, args(), { LARDER_ATTACH: "yes" })), [
        "LARDER_ATTACH=yes is none of link, copy and off",
      ]);
    });

    it("a daemon by its full path, or by a name that is not Larder's", () => {
      const own = program(bench, "own", "dockerd", otherText);
      assert.deepEqual(reasons(explain(bench, [`${own}/dockerd`, ...args().slice(1)])), [
        "/work/own/dockerd is the path of the daemon itself, so attach is not run: start it by its name, dockerd",
      ]);
      assert.deepEqual(reasons(explain(bench, args(), { PATH: own })), [
        "/work/own/dockerd comes before Larder's /work/shims/dockerd in PATH: put /work/shims before /work/own",
      ]);
      const without = bench.explain(args(), { PATH: own });
      assert.match(
        reasons(without).join(),
        /^\/work\/own\/dockerd is not Larder's program, and no directory in PATH/,
      );
    });

    it("a unit without Larder's drop-in", () => {
      const unit = explain(bench, ["--unit", "larder-test.service", ...args()]);
      assert.match(reasons(unit).join(), /^larder-test.service has no drop-in of Larder's/);
    });

    it("a config file that is not there", () => {
      assert.deepEqual(reasons(explain(bench, args(`--config-file=${bench.work}/none.json`))), [
        "/work/none.json (--config-file) is not there, so dockerd does not start: write it, or leave --config-file out",
      ]);
    });

    it("overlayfs", () => {
      const stat = `#!/bin/sh\ncase "$*" in "-f "*) echo 794c7630 ;; *) exec ${whereIs("stat")} "$@" ;; esac\n`;
      const explained = explain(bench, args(), { PATH: program(bench, "stats", "stat", stat) });
      assert.match(
        reasons(explained).join(),
        / is on overlayfs, where Docker's overlay2 store cannot be: mount a volume/,
      );
      assert.deepEqual(texts(bench, explained, "attach"), ["does nothing"]);
    });

    it("a data root that is read-only", function () {
      const volume = `${bench.work}/read only`;
      fs.mkdirSync(volume);
      if (spawnSync("mount", ["-t", "tmpfs", "-o", "ro", "larder", volume]).status !== 0)
        skip(this, "nothing can be mounted here");
      try {
        const explained = explain(bench, ["dockerd", `--data-root=${volume}/root`]);
        assert.match(
          texts(bench, explained, "data root").join(),
          /, on tmpfs, mounted at \/work\/read only$/,
        );
        assert.match(
          reasons(explained).join(),
          /mounted read-only: mount it writable, or a volume at \/work\/read only/,
        );
      } finally {
        execFileSync("umount", [volume]);
      }
    });

    it("images that were removed after they had been attached", () => {
      bench.attach();
      const id = hexOf(imageIdOf(image));
      fs.rmSync(`${bench.root}/image/overlay2/imagedb/content/sha256/${id}`);
      const explained = explain(bench, args());
      assert.deepEqual(texts(bench, explained, "there"), ["attached before by link: 0 of 1 image"]);
      assert.match(
        reasons(explained).join(),
        /^the inner images were removed .*: remove \/work\/data root\/larder\/[0-9a-f]{64}, and start the daemon again$/,
      );
    });
  });

  describe("a daemon that runs", () => {
    let daemon: ChildProcess | undefined;
    before(function () {
      const root = fs.statSync("/");
      const runs = fs.readdirSync("/proc").some((name) => {
        try {
          const { dev, ino } = fs.statSync(`/proc/${name}/root`);
          const isNamed = fs.readFileSync(`/proc/${name}/comm`, "utf8") === "dockerd\n";
          return isNamed && dev === root.dev && ino === root.ino;
        } catch {
          return false;
        }
      });
      if (runs) skip(this, "this machine has a dockerd of its own, which would be found first");
    });
    beforeEach(() => writeShelf(`${bench.work}/shelf`, [image]));
    afterEach(() => daemon?.kill());

    /** A process with dockerd's name and these arguments behind some of its own, which waits for the end of its input. */
    async function start(env: NodeJS.ProcessEnv = {}): Promise<string> {
      const path = program(bench, "sbin", "dockerd", "");
      fs.copyFileSync(whereIs("dash"), `${path}/dockerd`);
      const own = ["-c", "echo; read -r line", "dockerd", `--data-root=${bench.root}`];
      daemon = spawn(`${path}/dockerd`, own, { env, stdio: ["pipe", "pipe", "inherit"] });
      await new Promise((resolve) => daemon?.stdout?.once("data", resolve));
      return String(daemon.pid);
    }

    it("was started past attach", async () => {
      const process = await start();
      const explained = explain(bench, ["dockerd"]);
      assert.match(
        texts(bench, explained, "daemon").join(),
        new RegExp(` --data-root=.* \\(process ${process}\\)$`),
      );
      assert.deepEqual(reasons(explained), [
        `dockerd runs (process ${process}), and attach was not run before it: stop it, and start it by its name, dockerd, ` +
          "and not by its path /work/sbin/dockerd",
      ]);
    });

    it("has its own environment", async () => {
      await start({ LARDER_ATTACH: "off", DOCKER_DRIVER: "vfs" });
      assert.deepEqual(
        reasons(explain(bench, ["dockerd"], { LARDER_ATTACH: "copy" })).map((reason) => reason.slice(0, 20)),
        ["LARDER_ATTACH is off", "this Docker keeps it"],
      );
    });

    it("has the images, or has lost some of their links", async () => {
      bench.attach();
      await start();
      assert.equal(explain(bench, ["dockerd"]).code, 0);
      execFileSync("find", [bench.root, "-name", "diff", "-type", "l", "-path", "*/overlay2/*", "-delete"]);
      assert.match(
        reasons(explain(bench, ["dockerd"])).join(),
        /^2 layers in .* start it again, so that attach mends them$/,
      );
    });

    it("has another data root than the one that is asked about", async () => {
      await start();
      const explained = explain(bench, ["dockerd", `--data-root=${bench.work}/other`]);
      assert.match(
        texts(bench, explained, "note").join(),
        /runs dockerd with its data root at \/work\/data root: attach --explain dockerd without arguments explains that one/,
      );
    });
  });

  it("does not know other programs", () => {
    for (const words of [[], ["podman"], ["--unit", "x.service"]]) {
      const { code, said, lines } = explain(bench, words);
      assert.equal(code, 2);
      assert.deepEqual(lines, []);
      assert.match(
        said,
        /^larder: attach --explain: ".*" is no container manager that PRELOAD knows: name dockerd or/,
      );
    }
  });
});

eachShell("attach --explain containerd", "containerd", (bench) => {
  const args = (...more: string[]): string[] => ["containerd", `--root=${bench.root}`, ...more];
  const reasons = (explained: Explained): string[] => texts(bench, explained, "why not");
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
      reasons(explain(bench, ["containerd", "-c", config])).join(),
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
        reasons(others).join(),
        /holds other images, and without ctr in PATH none can be added to it$/,
      );

    const config = `${bench.work}/config.toml`;
    fs.writeFileSync(config, '[plugins."io.containerd.snapshotter.v1.overlayfs"]\nroot_path = "/x"\n');
    assert.match(
      reasons(explain(bench, args(`--config=${config}`))).join(),
      /^containerd's snapshots are at \/x \(root_path in \/work\/config.toml\).*: leave that out$/,
    );
    fs.rmSync(`${bench.work}/shelf/catalog/containerd/id`);
    assert.deepEqual(reasons(explain(bench, args())), [
      "/work/shelf has no images for a containerd: name them with PRELOAD --store=containerd in the Dockerfile of this image",
    ]);
  });

  it("says that images are gone, and that other snapshots cannot come back", () => {
    bench.attach();
    fs.rmSync(`${snapshotter()}/snapshots`, { recursive: true });
    assert.match(
      reasons(explain(bench, args())).join(),
      /^the inner images were removed from \/work\/data root/,
    );
    fs.rmSync(`${snapshotter()}/metadata.db`);
    fs.appendFileSync(
      `${bench.root}/larder/snapshots.${fs.readFileSync(`${bench.work}/shelf/catalog/containerd/id`, "utf8").trim()}`,
      "9 link x\n",
    );
    assert.match(
      reasons(explain(bench, args())).join(),
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

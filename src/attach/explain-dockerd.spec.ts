import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { hexOf } from "../image/digest.js";
import { skip } from "../testing.js";
import { explain, image, layers, otherText, program, reasons, shimText, texts } from "./explain-testing.js";
import { eachShell, imageIdOf, whereIs, writeContainerdShelf, writeShelf } from "./testing.js";

eachShell("attach --explain dockerd", "dockerd", (bench) => {
  const args = (...more: string[]): string[] => ["dockerd", `--data-root=${bench.root}`, ...more];

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
      assert.deepEqual(reasons(bench, explained), []);
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
      assert.deepEqual(reasons(bench, explain(bench, [`${path}/dockerd`, ...args().slice(1)])), []);
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
      assert.deepEqual(reasons(bench, explain(bench, args())), [`/work/shelf ${way}`]);
      await writeContainerdShelf(`${bench.work}/shelf`, [image]);
      const images = `${bench.work}/shelf/catalog/containerd/images`;
      fs.writeFileSync(images, fs.readFileSync(images, "utf8").replace(/^moby /, "k8s.io "));
      const explained = explain(bench, args());
      assert.deepEqual(reasons(bench, explained), [`/work/shelf ${way}`]);
      assert.deepEqual(texts(bench, explained, "shelf"), [
        "1 image (2 layers) for containerd, in namespace k8s.io",
      ]);
    });

    it("another store", () => {
      assert.deepEqual(reasons(bench, explain(bench, args("--storage-driver=vfs"))), [
        "this Docker keeps its images with the graph driver vfs (--storage-driver), and the inner images are for the graph " +
          "driver overlay2: leave that out",
      ]);
      fs.mkdirSync(`${bench.root}/zfs/x`, { recursive: true });
      assert.match(
        reasons(bench, explain(bench, args())).join(),
        /\(what \/work\/data root holds\).*: start it on a data root/,
      );
    });

    it("users without the files' owners", () => {
      assert.match(
        reasons(bench, explain(bench, args("--userns-remap=default"))).join(),
        /: leave userns-remap out$/,
      );
    });

    it("LARDER_ATTACH, and what is a reason beside it", () => {
      assert.deepEqual(reasons(bench, explain(bench, args("-s", "vfs"), { LARDER_ATTACH: "off" })).length, 2);
      assert.deepEqual(reasons(bench, explain(bench, args(), { LARDER_ATTACH: "off" })), [
        "LARDER_ATTACH is off: leave the variable out",
      ]);
      assert.deepEqual(reasons(bench, explain(bench, args(), { LARDER_ATTACH: "yes" })), [
        "LARDER_ATTACH=yes is none of link, copy and off",
      ]);
    });

    it("a daemon by its full path, or by a name that is not Larder's", () => {
      const own = program(bench, "own", "dockerd", otherText);
      assert.deepEqual(reasons(bench, explain(bench, [`${own}/dockerd`, ...args().slice(1)])), [
        "/work/own/dockerd is the path of the daemon itself, so attach is not run: start it by its name, dockerd",
      ]);
      assert.deepEqual(reasons(bench, explain(bench, args(), { PATH: own })), [
        "/work/own/dockerd comes before Larder's /work/shims/dockerd in PATH: put /work/shims before /work/own",
      ]);
      const without = bench.explain(args(), { PATH: own });
      assert.match(
        reasons(bench, without).join(),
        /^\/work\/own\/dockerd is not Larder's program, and no directory in PATH/,
      );
    });

    it("a unit without Larder's drop-in", () => {
      const unit = explain(bench, ["--unit", "larder-test.service", ...args()]);
      assert.match(reasons(bench, unit).join(), /^larder-test.service has no drop-in of Larder's/);
    });

    it("a config file that is not there", () => {
      assert.deepEqual(reasons(bench, explain(bench, args(`--config-file=${bench.work}/none.json`))), [
        "/work/none.json (--config-file) is not there, so dockerd does not start: write it, or leave --config-file out",
      ]);
    });

    it("overlayfs", () => {
      const stat = `#!/bin/sh\ncase "$*" in "-f "*) echo 794c7630 ;; *) exec ${whereIs("stat")} "$@" ;; esac\n`;
      const explained = explain(bench, args(), { PATH: program(bench, "stats", "stat", stat) });
      assert.match(
        reasons(bench, explained).join(),
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
          reasons(bench, explained).join(),
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
        reasons(bench, explained).join(),
        /^the inner images were removed .*: remove \/work\/data root\/larder\/[0-9a-f]{64}, and start the daemon again$/,
      );
    });
  });

  it("does not know other programs", () => {
    for (const words of [[], ["kubelet"], ["--unit", "x.service"]]) {
      const { code, said, lines } = explain(bench, words);
      assert.equal(code, 2);
      assert.deepEqual(lines, []);
      assert.match(
        said,
        /^larder: attach --explain: ".*" is no container manager that PRELOAD knows: name dockerd, containerd or/,
      );
    }
  });
});

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dockerCases } from "../agent/survey/testing.js";
import { eachShell, writeContainerdShelf, writeShelf } from "./testing.js";

const layer = `sha256:${"1".repeat(64)}`;
const image = { name: "redis:7", diffIds: [layer] };
const attached = /^larder: attached 1 image \(1 layer\)/;

eachShell("the store that Docker will use", "dockerd", (bench) => {
  const shelves = { overlay2: writeShelf, containerd: writeContainerdShelf } as const;

  for (const [title, { version, args = [], env = {}, config, holds = [], uses }] of Object.entries(
    dockerCases,
  )) {
    for (const [store, write] of Object.entries(shelves)) {
      it(`${title}: images for ${store}`, async () => {
        const { work, root } = bench;
        await write(`${work}/shelf`, [image]);
        writeFileSync(`${work}/shelf/docker-version`, `${version}\n`);
        const file = `${work}/daemon.json`;
        if (config) writeFileSync(file, typeof config === "string" ? config : JSON.stringify(config));
        for (const name of holds) mkdirSync(`${root}/${name}/something`, { recursive: true });
        const { said } = bench.attach(env, [`--data-root=${root}`, `--config-file=${file}`, ...args]);
        if (uses === store) {
          assert.match(said, attached);
          assert.ok(existsSync(`${root}/${store === "overlay2" ? "overlay2" : "containerd/daemon/larder"}`));
        } else {
          assert.match(said, /^larder: this Docker .*; the daemon starts without them\n$/);
          if (uses instanceof RegExp) assert.match(said, uses);
          assert.ok(!existsSync(`${root}/image`) && !existsSync(`${root}/containerd`), said);
        }
      });
    }
  }

  for (const version of ["20.10", "23 to 28", "29 or later"]) {
    it(`is attached where the shelf has both: Docker ${version}`, async () => {
      const { work, root } = bench;
      await writeShelf(`${work}/shelf`, [image]);
      await writeContainerdShelf(`${work}/shelf`, [image]);
      writeFileSync(`${work}/shelf/docker-version`, `${version}\n`);
      assert.match(bench.attach().said, attached);
      const isNewest = version === "29 or later";
      assert.equal(existsSync(`${root}/overlay2`), !isNewest);
      assert.equal(existsSync(`${root}/containerd/daemon/larder`), isNewest);
    });
  }

  it("says what Docker cannot do without the blobs", async () => {
    await writeContainerdShelf(`${bench.work}/shelf`, [image]);
    writeFileSync(`${bench.work}/shelf/catalog/containerd/no-blobs`, "left out\n");
    const { said } = bench.attach();
    assert.match(said, attached);
    assert.match(
      said,
      /\nlarder: docker save and docker push do not work for these images, .*\(--blobs\)\n$/,
    );
  });

  it("is asked of dockerd's own arguments where its containerd is started past it", async () => {
    const { work, root } = bench;
    await writeContainerdShelf(`${work}/shelf`, [image]);
    const own = `${root}/containerd/daemon`;
    const startedBy = { LARDER_STARTED_BY: String(process.pid) };
    assert.match(
      bench.attachAs("containerd", [`--root=${own}`], { ...startedBy, DOCKER_DRIVER: "" }).said,
      attached,
    );
    const other = `${work}/other/containerd/daemon`;
    assert.equal(
      bench.attachAs("containerd", [`--root=${other}`], { ...startedBy, DOCKER_DRIVER: "overlay2" }).said,
      "",
    );
    assert.ok(!existsSync(other));
  });

  describe("of a containerd that dockerd has started, where the shelf has both", () => {
    let dockerd: ChildProcess | undefined;
    afterEach(() => dockerd?.kill());

    /** A process with dockerd's command line, which waits for the end of its input. */
    async function startedBy(...args: string[]): Promise<string> {
      dockerd = spawn("sh", ["-c", "echo; read -r line", "sh", ...args], {
        argv0: "/usr/bin/dockerd",
        stdio: ["pipe", "pipe", "inherit"],
      });
      await new Promise((resolve) => dockerd?.stdout?.once("data", resolve));
      return String(dockerd.pid);
    }

    const cases: Readonly<
      Record<string, { version: string; args: string[]; config?: object; uses: string }>
    > = {
      "the newest Docker": { version: "29 or later", args: [], uses: "containerd" },
      "Docker before 29": { version: "28.5.2", args: [], uses: "overlay2" },
      "--feature": { version: "28.5.2", args: ["--feature", "containerd-snapshotter"], uses: "containerd" },
      "--storage-driver": { version: "29.9.3", args: ["--storage-driver=overlay2"], uses: "overlay2" },
      "daemon.json": {
        version: "29.9.3",
        args: [],
        config: { features: { "containerd-snapshotter": false } },
        uses: "overlay2",
      },
    };
    for (const [title, { version, args, config = {}, uses }] of Object.entries(cases)) {
      it(`takes its catalog only if Docker uses it: ${title}`, async () => {
        const { work, root } = bench;
        await writeShelf(`${work}/shelf`, [image]);
        await writeContainerdShelf(`${work}/shelf`, [image]);
        writeFileSync(`${work}/shelf/docker-version`, `${version}\n`);
        writeFileSync(`${work}/daemon.json`, JSON.stringify(config));
        const own = `${root}/containerd/daemon`;
        const started = await startedBy(`--data-root=${root}`, `--config-file=${work}/daemon.json`, ...args);
        const run = () => bench.attachAs("containerd", [`--root=${own}`], { LARDER_STARTED_BY: started });
        const { code, said } = run();
        assert.equal(code, 0, said);
        assert.ok(!existsSync(`${root}/overlay2`) && !existsSync(`${root}/image`));
        assert.equal(existsSync(`${own}/io.containerd.metadata.v1.bolt/meta.db`), uses === "containerd");
        if (uses === "containerd") assert.match(said, attached);
        else assert.ok(said === "" && !existsSync(root), said);
        assert.deepEqual(run(), { code: 0, said: "" }, "and says nothing more");
      });
    }
  });

  const graph = "the graph driver overlay2";
  const snapshots = "containerd's snapshotter overlayfs";
  const features = (enabled: boolean) =>
    `write {"features":{"containerd-snapshotter":${enabled}}} into CONFIG`;
  const above = "or build with it above PRELOAD";
  const refusals: [title: string, version: string, args: string[], has: string[], line: string][] = [
    [
      "a driver of neither, Docker 29",
      "29.9.3",
      ["--storage-driver=vfs"],
      ["overlay2", "containerd"],
      `the graph driver vfs (--storage-driver), and the inner images are for ${graph} and ${snapshots}: leave that out`,
    ],
    [
      "a driver of neither, Docker 28",
      "28.5.2",
      ["-s", "btrfs"],
      ["overlay2", "containerd"],
      `the graph driver btrfs (--storage-driver), and the inner images are for ${graph} and ${snapshots}: leave that out`,
    ],
    [
      "a snapshotter of neither",
      "29.9.3",
      ["-s=native"],
      ["overlay2", "containerd"],
      `containerd's snapshotter native (--storage-driver), and the inner images are for ${graph} and ${snapshots}: ` +
        "leave that out",
    ],
    [
      "a driver that the default does not mend",
      "29.9.3",
      ["--storage-driver=fuse-overlayfs"],
      ["overlay2"],
      `the graph driver fuse-overlayfs (--storage-driver), and the inner images are for ${graph}: leave that out, and ` +
        features(false),
    ],
    [
      "the other store by default",
      "28.5.2",
      [],
      ["containerd"],
      `${graph} (the default of Docker 28.5.2), and the inner images are for ${snapshots}: ${features(true)}`,
    ],
    [
      "a Docker with one store only",
      "20.10.24",
      [],
      ["containerd"],
      `${graph} (the default of Docker 20.10.24), and the inner images are for ${snapshots}: ` +
        "build with --store=docker-overlay2",
    ],
    [
      "the other store by a flag",
      "29.9.3",
      ["--feature=containerd-snapshotter"],
      ["overlay2"],
      `${snapshots} (--feature), and the inner images are for ${graph}: write false there, ${above}`,
    ],
    [
      "the other store by a driver",
      "28.5.2",
      ["--storage-driver=overlay2"],
      ["containerd"],
      `${graph} (--storage-driver), and the inner images are for ${snapshots}: leave that out, and ${features(true)}, ${above}`,
    ],
  ];
  for (const [title, version, args, has, line] of refusals) {
    it(`is refused with the stores that the shelf has, and the way to one: ${title}`, async () => {
      const { work, root } = bench;
      if (has.includes("overlay2")) await writeShelf(`${work}/shelf`, [image]);
      if (has.includes("containerd")) await writeContainerdShelf(`${work}/shelf`, [image]);
      writeFileSync(`${work}/shelf/docker-version`, `${version}\n`);
      const config = `${work}/daemon.json`;
      const { code, said } = bench.attach({}, [`--data-root=${root}`, `--config-file=${config}`, ...args]);
      assert.equal(code, 1);
      assert.equal(
        said.replace(config, "CONFIG"),
        `larder: this Docker keeps its images with ${line}; the daemon starts without them\n`,
      );
    });
  }

  it("is not looked for where no image is for Docker", () => {
    mkdirSync(`${bench.work}/shelf`);
    assert.deepEqual(bench.attach({ DOCKER_DRIVER: "vfs" }), { code: 0, said: "" });
  });
});

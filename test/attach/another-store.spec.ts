import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { type DockerVersion, needsDocker } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import {
  assertRuns,
  attachLines,
  buildSystem,
  listImages,
  newVolume,
  pushTarget,
  type Store,
  systemImage,
} from "./fixture.js";

interface Case {
  readonly version?: DockerVersion;
  /** The store for which the images were preloaded. */
  readonly store: Store;
  readonly env?: Readonly<Record<string, string>>;
  /** Instructions below PRELOAD. */
  readonly below?: string;
  /** The daemon's own name for its store. */
  readonly driver: string;
  readonly said: RegExp;
}

const daemonJson = (config: object) =>
  `RUN mkdir -p /etc/docker && echo '${JSON.stringify(config)}' >/etc/docker/daemon.json`;

const cases: Readonly<Record<string, Case>> = {
  "DOCKER_DRIVER of a driver that Docker has instead": {
    store: "overlay2",
    env: { DOCKER_DRIVER: "vfs" },
    driver: "vfs",
    said: /with the graph driver vfs \(the variable DOCKER_DRIVER\), and the inner images are for the graph driver overlay2/,
  },
  "DOCKER_DRIVER as GitLab's documentation has it, on Docker 29": {
    version: "29.9",
    store: "containerd",
    env: { DOCKER_DRIVER: "overlay2" },
    driver: "overlay2",
    said: /with the graph driver overlay2 \(the variable DOCKER_DRIVER\), and the inner images are for containerd's/,
  },
  "storage-driver left out below PRELOAD, on Docker 29": {
    version: "29.9",
    store: "overlay2",
    below: daemonJson({}),
    driver: "overlayfs",
    said: /with containerd's snapshotter overlayfs \(the default of Docker 29 or later\).*: write \{"features":\{"containerd-snapshotter":false\}\}/,
  },
  "a feature switched on below PRELOAD": {
    store: "overlay2",
    below: daemonJson({ features: { "containerd-snapshotter": true } }),
    driver: "overlayfs",
    said: /with containerd's snapshotter overlayfs \(features in \/etc\/docker\/daemon\.json\)/,
  },
  "a feature switched off below PRELOAD": {
    store: "containerd",
    below: daemonJson({ features: { "containerd-snapshotter": false } }),
    driver: "overlay2",
    said: /with the graph driver overlay2 \(features in .*, and the inner images are for containerd's snapshotter overlayfs/,
  },
  "userns-remap": {
    store: "overlay2",
    below: `RUN echo root:100000:65536 | tee /etc/subuid >/etc/subgid\n${daemonJson({ "userns-remap": "root" })}`,
    driver: "overlay2",
    said: /this Docker remaps users \(userns-remap\)/,
  },
};

describe("attach: a Docker that keeps images elsewhere", () => {
  after(cleanUp);

  for (const [title, { version = "28.5", store, env = {}, below, driver, said }] of Object.entries(cases)) {
    it(`${title}: one line reports it, and nothing is attached`, async function () {
      needsDocker(this, version);
      // The direct way would write both stores.
      const words = [`--store=docker-${store}`, await pushTarget("odd"), await pushTarget("second")];
      const built = await buildSystem("e2e-another-store", words, { version, store });
      const image = await withBelow(built, below);
      const container = await SystemContainer.start(image, { env });
      const lines = await attachLines(container);
      assert.equal(lines.length, 1, await container.logs());
      assert.match(lines[0] ?? "", said);
      assert.equal((await container.inner("info", "--format", "{{.Driver}}")).trim(), driver);
      assert.deepEqual(await listImages(container), []);
      const traces = await container.exec("find", "/var/lib/docker", "-name", "larder");
      assert.equal(traces, "", "the data root is as the daemon alone would have it");
      await container.remove();
    });
  }

  it("finds the images without the setting, in the same data root", async () => {
    const args = await newVolume();
    const image = await systemImage();
    const env = { DOCKER_DRIVER: "vfs" };
    const other = await SystemContainer.start(image, { env, args });
    await other.remove();
    const container = await SystemContainer.start(image, { args });
    assert.match((await attachLines(container)).join("\n"), /^larder: attached 2 images/);
    await assertRuns(container, "odd", "second");
    await container.remove();
  });
});

async function withBelow(image: string, below: string | undefined): Promise<string> {
  if (below === undefined) return image;
  const tag = `${image}-below`;
  await build({ larder: false, tag, dockerfile: `FROM ${image}\n${below}\n` });
  return tag;
}

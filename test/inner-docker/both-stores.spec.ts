import assert from "node:assert/strict";
import { attachedRoot, attachLines, listImages } from "../attach/fixture.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { type DockerStore, type DockerVersion, labImage, needsDocker } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";

const busybox = labImage("busybox:1");
const pause = labImage("pause:3");

/** The container's variables say how Docker starts, since one image is for all ways. */
const start = `COPY --chmod=755 <<"EOF" /usr/local/bin/start
#!/bin/sh
. /usr/local/lib/system-daemon.sh
delegate_cgroups
rm -f /run/docker.pid /run/docker.sock /run/docker/containerd/containerd.pid
mkdir -p /etc/docker
[ -z "$DAEMON_JSON" ] || echo "$DAEMON_JSON" >/etc/docker/daemon.json
dockerd $DOCKERD_FLAGS &
wait $!
EOF
ENTRYPOINT ["start"]
CMD []
`;

const driver: Readonly<Record<DockerStore, string>> = { overlay2: "overlay2", containerd: "overlayfs" };
/** The store of a Docker without settings. Only the images of this store have their blobs. */
const defaults = { "28.5": "overlay2", "29.9": "containerd" } as const satisfies Partial<
  Record<DockerVersion, DockerStore>
>;
type Version = keyof typeof defaults;

interface Way {
  readonly env: Readonly<Record<string, string>>;
  readonly store: DockerStore;
}

function waysOf(version: Version): Readonly<Record<string, Way>> {
  const features = (enabled: boolean) => JSON.stringify({ features: { "containerd-snapshotter": enabled } });
  return {
    default: { env: {}, store: defaults[version] },
    "DOCKER_DRIVER=overlay2": { env: { DOCKER_DRIVER: "overlay2" }, store: "overlay2" },
    "--storage-driver=overlay2": { env: { DOCKERD_FLAGS: "--storage-driver=overlay2" }, store: "overlay2" },
    "--feature containerd-snapshotter=true": {
      env: { DOCKERD_FLAGS: "--feature containerd-snapshotter=true" },
      store: "containerd",
    },
    "--feature containerd-snapshotter=false": {
      env: { DOCKERD_FLAGS: "--feature containerd-snapshotter=false" },
      store: "overlay2",
    },
    "the feature in daemon.json": { env: { DAEMON_JSON: features(true) }, store: "containerd" },
    "the feature switched off in daemon.json": { env: { DAEMON_JSON: features(false) }, store: "overlay2" },
  };
}

for (const version of Object.keys(defaults) as Version[]) {
  describe(`inner Docker ${version}: one image for both of its stores`, () => {
    const tag = `e2e-both-stores:${version}`;
    before(async function () {
      needsDocker(this, version);
      const dockerfile = `FROM ${labImage(`docker:${version}`)}\nPRELOAD ${busybox} ${pause}\n${start}`;
      await build({ tag, via: "direct", dockerfile });
    });
    after(cleanUp);

    for (const [title, { env, store }] of Object.entries(waysOf(version))) {
      it(`has the images in ${store}: ${title}`, async () => {
        const container = await SystemContainer.start(tag, { env });
        await assertHasImages(container, store);
        const [attached, ...more] = await attachLines(container);
        const expected = new RegExp(`^larder: attached 2 images \\(.* to ${attachedRoot(store)} by link in `);
        assert.match(attached ?? "", expected);
        const hasNoBlobs = store === "containerd" && store !== defaults[version];
        assert.equal(more.length, hasNoBlobs ? 1 : 0, more.join("\n"));
        if (hasNoBlobs) assert.match(more[0] ?? "", /^larder: docker save and docker push do not work/);

        await container.restart();
        const again = (await attachLines(container)).slice(1 + more.length);
        assert.match(again[0] ?? "", /^larder: had attached 2 images \(/);
        await assertHasImages(container, store);
        await container.remove();
      });
    }
  });
}

async function assertHasImages(container: SystemContainer, store: DockerStore): Promise<void> {
  assert.equal((await container.inner("info", "--format", "{{.Driver}}")).trim(), driver[store]);
  assert.deepEqual((await listImages(container)).sort(), [busybox, pause].sort());
  const run = ["run", "--rm", "--network", "none", busybox, "echo", "here"];
  assert.equal(await container.inner(...run), "here\n");
}

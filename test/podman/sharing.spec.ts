import assert from "node:assert/strict";
import { cleanUp } from "../harness/cleanup.js";
import { lab, labImage } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { type InnerImages, innerImages, prints } from "../inner-docker/images.js";
import { assertHolds, blobLayers, diffIdsOf, pushSystem } from "../sharing/outer-layers.js";

const podman = labImage("podman:5.8");

describe("Podman's store beside others", () => {
  let images: InnerImages;
  before(async () => {
    images = await innerImages();
  });
  after(cleanUp);

  it("an inner layer is the outer layer that Docker's store and containerd's have, and no blob comes with it", async () => {
    const { one, two, index } = images;
    const preload = [one, two, index].map(({ reference }) => reference);
    const onPodman = await pushSystem({ name: "podman", base: podman, preload });
    const onDocker = await pushSystem({ name: "podman-docker", preload });
    const onContainerd = await pushSystem({
      name: "podman-containerd",
      base: labImage("containerd:2.1"),
      preload,
    });
    assertHolds(onPodman, [one, two, index]);
    assert.deepEqual(diffIdsOf(onPodman), diffIdsOf(onDocker));
    assert.deepEqual(diffIdsOf(onPodman), diffIdsOf(onContainerd));
    assert.deepEqual(blobLayers(onPodman, []), {});
    const again = await pushSystem({ name: "podman-again", base: podman, preload, args: ["--no-cache"] });
    assert.deepEqual(again.shelf, onPodman.shelf, "built again, all of it is the same");
  });

  it("one system image has images for Docker and for a Podman that comes later, with layers that are there once", async () => {
    const { one, two } = images;
    const dockerfile = `FROM ${lab.system} AS both
PRELOAD ${one.reference}
PRELOAD --store=podman ${one.reference} ${two.reference}
`;
    const both = await pushSystem({ name: "podman-both", dockerfile });
    assertHolds(both, [one, two]);
    assert.equal(both.catalogs.length, 2);
    const container = await SystemContainer.start(both.reference, { network: "bridge" });
    assert.equal(await container.inner("run", "--rm", "--network", "none", one.reference), prints.one);
    const missing = await container.try("podman", "images");
    assert.equal(missing.status, 127);
    assert.match(missing.stderr, /^larder: there is no podman in PATH: /);
  });
});

import assert from "node:assert/strict";
import { chainOf } from "../../image/chain.js";
import { digestOf as digestOfBytes } from "../../image/digest.js";
import type { DescribedImage, LayerFacts } from "../store.js";
import { describe as describeImages, metadataBlobs, namesOf } from "./describe.js";
import { withSources } from "./labels.js";
import { emptyModel } from "./model.js";

const digestOf = (text: string): string => digestOfBytes(Buffer.from(text));
const plain: LayerFacts = { hides: false, hasXattrs: false };

/** An image of two layers, `team/app:1` of a registry with a port. */
function image({ index = false, tagged = true, facts = [plain, plain] } = {}): DescribedImage {
  const imageId = digestOf("{}");
  const descriptor = (digest: string) => ({ mediaType: "m", digest, size: 1 });
  const manifest = {
    config: descriptor(imageId),
    layers: [descriptor(digestOf("l0")), descriptor(digestOf("l1"))],
  };
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifestBytes = Buffer.from(JSON.stringify({ mediaType, ...manifest }));
  const manifestDigest = digestOfBytes(manifestBytes);
  const manifests = [descriptor(digestOf("other")), descriptor(manifestDigest)];
  const target = index ? Buffer.from(JSON.stringify({ manifests })) : manifestBytes;
  return {
    reference: {
      domain: "registry:5000",
      path: "team/app",
      ...(tagged && { tag: "1" }),
      digest: digestOfBytes(target),
    },
    platform: { os: "linux", architecture: "amd64" },
    imageId,
    diffIds: [digestOf("d0"), digestOf("d1")],
    manifest,
    manifestDigest,
    manifestBytes,
    target,
    config: Buffer.from("{}"),
    layers: facts,
  };
}

describe("an image in containerd", () => {
  const source = { "containerd.io/distribution.source.registry": "team/app" };
  const refs = (list: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(list).map(([name, digest]) => [`containerd.io/gc.ref.content.${name}`, digest]),
    );

  it("is labelled so that the garbage collection keeps all of it, as after a pull", () => {
    const subject = image({ index: true });
    const [config, manifest, index] = metadataBlobs(subject, true);
    const top = chainOf(subject.diffIds).at(-1)?.chainId;
    assert.deepEqual(config?.labels, { ...source, "containerd.io/gc.ref.snapshot.overlayfs": top });
    assert.deepEqual(manifest?.labels, {
      ...source,
      ...refs({ config: subject.imageId, "l.0": digestOf("l0"), "l.1": digestOf("l1") }),
    });
    assert.equal(index?.digest, subject.reference.digest);
    assert.deepEqual(index?.labels, {
      ...source,
      ...refs({ "m.0": digestOf("other"), "m.1": subject.manifestDigest }),
    });
  });

  it("has no labels for layers whose blobs are not kept", () => {
    const blobs = metadataBlobs(image(), false);
    assert.deepEqual(blobs.at(-1)?.labels, { ...source, ...refs({ config: digestOf("{}") }) });
    assert.equal(blobs.length, 2);
  });

  it("has one name; for the kubelet three, and labels for CRI", () => {
    const subject = image({ index: true });
    const [only, ...none] = namesOf(subject, "default");
    assert.deepEqual([only?.name, only?.labels, none], ["registry:5000/team/app:1", {}, []]);
    assert.equal(only?.target.mediaType, "application/vnd.oci.image.index.v1+json");
    const names = namesOf(subject, "k8s.io");
    const byDigest = `registry:5000/team/app@${subject.reference.digest}`;
    assert.deepEqual(
      names.map(({ name }) => name),
      ["registry:5000/team/app:1", byDigest, subject.imageId],
    );
    for (const { labels } of names) {
      assert.deepEqual(labels, {
        "io.cri-containerd.image": "managed",
        "io.cri-containerd.pinned": "pinned",
      });
    }
    const untagged = image({ tagged: false });
    assert.deepEqual(
      namesOf(untagged, "moby").map(({ name }) => name),
      [`registry:5000/team/app@${untagged.reference.digest}`],
    );
  });

  it("came from every repository that a blob was found in", () => {
    const key = "containerd.io/distribution.source.registry";
    assert.deepEqual(withSources({ [key]: "b,c" }, { [key]: "a", other: "x" }), {
      [key]: "a,b,c",
      other: "x",
    });
    assert.deepEqual(withSources({ other: "y" }, { [key]: "a", other: "x" }), { [key]: "a", other: "x" });
  });
});

describe("the catalog for containerd", () => {
  const options = { namespace: "moby", layerBlobs: "kept" } as const;
  const hiding: LayerFacts = { hides: true, hasXattrs: true };

  it("has a snapshot for each layer, and one below a layer that hides something", () => {
    const { snapshots } = describeImages([image({ facts: [hiding, hiding] })], emptyModel, options);
    const [bottom, top] = chainOf(image().diffIds);
    assert.deepEqual(
      snapshots.map(({ id, name, parent, holds, xattrs }) => [id, name, parent, holds, xattrs]),
      [
        // A bottom layer hides nothing.
        [1, bottom?.chainId, null, "layer", true],
        [2, `larder-whiteouts-${top?.chainId}`, bottom?.chainId, "whiteouts", false],
        [3, top?.chainId, `larder-whiteouts-${top?.chainId}`, "layer", true],
      ],
    );
  });

  it("has the content of an earlier one, whose layers need no facts, and nothing twice", () => {
    const earlier = describeImages([image()], emptyModel, options);
    const again = describeImages([{ ...image(), layers: [undefined, undefined] }], earlier, options);
    assert.deepEqual(again, earlier);
    const other = describeImages([image()], earlier, { ...options, namespace: "k8s.io" });
    assert.deepEqual(
      other.snapshots.map(({ namespace, id }) => `${namespace} ${id}`),
      ["moby 1", "moby 2", "k8s.io 3", "k8s.io 4"],
    );
  });

  it("keeps blobs of layers, or knows them, or neither", () => {
    const holds = (layerBlobs: "kept" | "known" | "none") =>
      describeImages([image()], emptyModel, { ...options, layerBlobs })
        .blobs.map((blob) => blob.holds)
        .sort();
    assert.deepEqual(holds("kept"), ["layer", "layer", "metadata", "metadata"]);
    assert.deepEqual(holds("known"), ["absent", "absent", "metadata", "metadata"]);
    assert.deepEqual(holds("none"), ["metadata", "metadata"]);
  });
});

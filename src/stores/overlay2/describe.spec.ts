import assert from "node:assert/strict";
import { chainOf } from "../../image/chain.js";
import { digestOf } from "../../image/digest.js";
import type { DescribedImage, LayerFacts } from "../store.js";
import { describe as describeImages } from "./describe.js";
import { emptyModel } from "./model.js";

const digest = (text: string): string => digestOf(Buffer.from(text));
const plain: LayerFacts = { size: 3, hides: false, hasXattrs: false };

/** An image of these layers, with blobs of the same names. */
function image(name: string, layers: readonly string[], facts: readonly LayerFacts[]): DescribedImage {
  const descriptor = (text: string) => ({ mediaType: "m", digest: digest(`blob of ${text}`), size: 1 });
  const empty = Buffer.alloc(0);
  return {
    reference: { domain: "docker.io", path: `library/${name}`, tag: "1", digest: digest(name) },
    platform: { os: "linux", architecture: "amd64" },
    imageId: digest(`config of ${name}`),
    diffIds: layers.map(digest),
    config: empty,
    manifest: { config: descriptor(name), layers: layers.map(descriptor) },
    manifestDigest: digest(name),
    manifestBytes: empty,
    target: empty,
    layers: facts,
  };
}

describe("the catalog that the graph driver is to have", () => {
  const hiding: LayerFacts = { size: 5, hides: true, hasXattrs: true };

  it("has each layer of a chain, each name of an image, and the origin of each blob", () => {
    const subject = image("redis", ["a", "b"], [plain, hiding]);
    const model = describeImages([subject], emptyModel);
    const [bottom, top] = chainOf(subject.diffIds);
    assert.ok(bottom && top);
    assert.deepEqual(model.layers, {
      [bottom.chainId]: { diffId: digest("a"), parent: null, size: 3, whiteouts: false, xattrs: false },
      [top.chainId]: { diffId: digest("b"), parent: bottom.chainId, size: 5, whiteouts: true, xattrs: true },
    });
    assert.deepEqual(model.images, { [subject.imageId]: top.chainId });
    assert.deepEqual(Object.keys(model.references), ["redis:1", `redis@${digest("redis")}`]);
    assert.deepEqual(model.blobs[digest("blob of b")], {
      diffId: digest("b"),
      repositories: ["docker.io/library/redis"],
    });
  });

  it("has what an earlier one has", () => {
    const earlier = describeImages([image("redis", ["a", "b"], [plain, plain])], emptyModel);
    const both = describeImages([image("python", ["a", "c"], [plain, plain])], earlier);
    assert.equal(Object.keys(both.layers).length, 3);
    assert.equal(Object.keys(both.images).length, 2);
    const repositories = ["docker.io/library/python", "docker.io/library/redis"];
    assert.deepEqual(both.blobs[digest("blob of a")]?.repositories, repositories);
  });

  it("is refused for a manifest that lacks a layer, and for a layer of no known size", () => {
    const subject = image("redis", ["a", "b"], [plain, plain]);
    const short = { ...subject, manifest: { ...subject.manifest, layers: subject.manifest.layers.slice(1) } };
    assert.throws(() => describeImages([short], emptyModel), /redis has fewer layers than its config/);
    const { size: _, ...sizeless } = plain;
    const unknown = { ...subject, layers: [plain, sizeless] };
    assert.throws(() => describeImages([unknown], emptyModel), /the size of the layer .* is not known/);
  });
});

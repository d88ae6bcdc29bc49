import assert from "node:assert/strict";
import { chainOf } from "../../image/chain.js";
import { digestOf, hexOf, sha256 } from "../../image/digest.js";
import type { DescribedImage, LayerFacts } from "../store.js";
import { describe as describeImages } from "./describe.js";
import { emptyModel, type PodmanModel } from "./model.js";
import { imageRecords, layerRecords } from "./records.js";
import { layerEntries, rootDirectories } from "./tree.js";

const digest = (text: string): string => digestOf(Buffer.from(text));
const plain: LayerFacts = { size: 3, hides: false, hasXattrs: false };
const hiding: LayerFacts = { size: 5, hides: true, hasXattrs: true };
const tar = { size: 1024, uids: [0, 7], gids: [0] };

/** An image of these layers, which hide something if their names say so. */
function image(name: string, layers: readonly string[], more: Partial<DescribedImage> = {}): DescribedImage {
  const descriptor = (text: string) => ({
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    digest: digest(`blob of ${text}`),
    size: 9,
  });
  return {
    reference: { domain: "docker.io", path: `library/${name}`, tag: "1", digest: digest(`${name} index`) },
    platform: { os: "linux", architecture: "amd64" },
    imageId: digest(`config of ${name}`),
    diffIds: layers.map(digest),
    config: Buffer.from('{"created":"2020-01-02T03:04:05.6Z"}'),
    manifest: { config: descriptor(name), layers: layers.map(descriptor) },
    manifestDigest: digest(`${name} manifest`),
    manifestBytes: Buffer.from("manifest"),
    target: Buffer.from("the index"),
    layers: layers.map((layer) => (layer.startsWith("hiding") ? hiding : plain)),
    ...more,
  };
}

const model = (subject: DescribedImage, earlier = emptyModel): PodmanModel =>
  describeImages([subject], earlier, new Map(subject.diffIds.map((diffId) => [diffId, tar])));

describe("the catalog that Podman is to have", () => {
  it("names layers as a pull does: by what is below them", () => {
    const [bottom = "", top = ""] = layerRecords(model(image("a", ["x", "hiding"])));
    const below = hexOf(digest("x"));
    assert.deepEqual(JSON.parse(bottom), {
      id: below,
      created: "1970-01-01T00:00:00Z",
      "compressed-diff-digest": digest("blob of x"),
      "compressed-size": 9,
      "diff-digest": digest("x"),
      "diff-size": 1024,
      compression: 2,
      uidset: [0, 7],
      gidset: [0],
    });
    assert.equal(JSON.parse(top).id, sha256(`${below}+${hexOf(digest("hiding"))}`));
    assert.equal(JSON.parse(top).parent, below);
  });

  it("knows an image by its config, its manifest and its index", () => {
    const subject = image("a", ["x"]);
    const [record = ""] = imageRecords(model(subject));
    assert.ok(
      record.startsWith(`{"id":"${hexOf(subject.imageId)}","digest":"${digest("a index")}","names":[`),
    );
    const parsed = JSON.parse(record);
    assert.deepEqual(parsed.names, ["docker.io/library/a:1"]);
    assert.equal(parsed.layer, hexOf(digest("x")));
    assert.equal(parsed.created, "2020-01-02T03:04:05.6Z");
    assert.deepEqual(parsed["big-data-names"], [
      subject.imageId,
      `manifest-${digest("a index")}`,
      `manifest-${digest("a manifest")}`,
      "manifest",
    ]);
    assert.equal(parsed["big-data-sizes"].manifest, "manifest".length);
    assert.equal(parsed["big-data-digests"].manifest, digest("a manifest"));
  });

  it("has each directory below a layer once, and whiteouts below their layer", () => {
    const subject = image("a", ["x", "hiding", "empty", "empty"]);
    const described = model(subject);
    const [bottom = "", second = "", third = "", top = ""] = chainOf(subject.diffIds).map(
      ({ chainId }) => chainId,
    );
    const id = (chainId: string): string => described.layers[chainId]?.id ?? "";
    const lowersOf = (chainId: string): string | undefined => {
      const found = layerEntries(described, chainId, "tar-split").find(({ path }) =>
        /^db\/\w+\/lower-layers$/.test(path),
      );
      return found?.kind === "file" ? found.content.toString() : undefined;
    };
    assert.equal(lowersOf(bottom), undefined);
    assert.equal(lowersOf(second), [`${id(second)}/whiteouts`, id(bottom)].join(":"));
    const rest = [id(second), `${id(second)}/whiteouts`, id(bottom)];
    assert.equal(lowersOf(third), rest.join(":"));
    // Its files are those of the layer below it.
    assert.equal(lowersOf(top), rest.join(":"));
  });

  it("gives a name to the image that had it last", () => {
    const both = model(
      image("b", ["y"], { reference: image("a", ["x"]).reference }),
      model(image("a", ["x"])),
    );
    const names = imageRecords(both).map((record) => JSON.parse(record).names);
    assert.deepEqual(
      names.filter((list) => list !== undefined),
      [["docker.io/library/a:1"]],
    );
    assert.equal(names.length, 2);
  });

  it("is refused for an image of too many directories", () => {
    const layers = [...Array(70).keys()].map((number) => `hiding ${number}`);
    assert.throws(
      () => model(image("deep", layers)),
      /needs 140 directories .* at most 128 into Podman's store/,
    );
  });

  it("has directories with the modes that Podman gives them", () => {
    const modes = rootDirectories().map((entry) => [entry.path, entry.kind === "directory" && entry.mode]);
    assert.deepEqual(modes, [
      ["root", 0o700],
      ["root/overlay", 0o755],
      ["root/overlay/l", 0o755],
      ["root/overlay-layers", 0o700],
      ["root/overlay-images", 0o700],
    ]);
  });
});

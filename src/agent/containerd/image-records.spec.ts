import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { chainOf, hexOf, sha256 } from "../../image/chain.js";
import type { LayoutImage } from "../layout-image.js";
import { metadataBlobs, namesOf } from "./image-records.js";
import { withSources } from "./labels.js";

const digestOf = (text: string): string => `sha256:${sha256(text)}`;

describe("what containerd keeps of an image", () => {
  let layout = "";
  beforeEach(() => {
    layout = mkdtempSync(`${tmpdir()}/larder-layout-`);
    mkdirSync(`${layout}/blobs/sha256`, { recursive: true });
  });
  afterEach(() => rmSync(layout, { recursive: true }));

  const put = (value: object): string => {
    const text = JSON.stringify(value);
    writeFileSync(`${layout}/blobs/sha256/${hexOf(digestOf(text))}`, text);
    return digestOf(text);
  };

  /** An image of two layers, `team/app:1` of a registry with a port. */
  function image({ index = false, tagged = true } = {}): LayoutImage {
    const config = Buffer.from("{}");
    const imageId = digestOf("{}");
    const descriptor = (digest: string) => ({ mediaType: "m", digest, size: 1 });
    const manifest = {
      config: descriptor(imageId),
      layers: [descriptor(digestOf("l0")), descriptor(digestOf("l1"))],
    };
    const manifestDigest = put({ mediaType: "application/vnd.oci.image.manifest.v1+json", ...manifest });
    const manifests = [descriptor(digestOf("other")), descriptor(manifestDigest)];
    return {
      reference: {
        domain: "registry:5000",
        path: "team/app",
        ...(tagged && { tag: "1" }),
        digest: index ? put({ manifests }) : manifestDigest,
      },
      platform: { os: "linux", architecture: "amd64" },
      imageId,
      diffIds: [digestOf("d0"), digestOf("d1")],
      layout,
      manifest,
      manifestDigest,
      config,
      blobs: manifest.layers.map(({ digest }) => digest),
    };
  }

  const source = { "containerd.io/distribution.source.registry": "team/app" };
  const refs = (list: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(list).map(([name, digest]) => [`containerd.io/gc.ref.content.${name}`, digest]),
    );

  it("is labelled so that the garbage collection keeps all of it, as after a pull", async () => {
    const subject = image({ index: true });
    const [config, manifest, index] = await metadataBlobs(subject, true);
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

  it("says nothing of layers whose blobs are not kept", async () => {
    const blobs = await metadataBlobs(image(), false);
    assert.deepEqual(blobs.at(-1)?.labels, { ...source, ...refs({ config: digestOf("{}") }) });
    assert.equal(blobs.length, 2);
  });

  it("has one name; for the kubelet three, and labels for CRI", async () => {
    const subject = image({ index: true });
    const [plain, ...none] = await namesOf(subject, "default");
    assert.deepEqual([plain?.name, plain?.labels, none], ["registry:5000/team/app:1", {}, []]);
    assert.equal(plain?.target.mediaType, "application/vnd.oci.image.index.v1+json");
    const names = await namesOf(subject, "k8s.io");
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
      (await namesOf(untagged, "moby")).map(({ name }) => name),
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

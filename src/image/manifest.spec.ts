import assert from "node:assert/strict";
import { digestOf } from "./digest.js";
import { findManifest, mediaTypeOf, parseManifestOrIndex } from "./manifest.js";

const descriptor = (digest: string) => ({ mediaType: "m", digest, size: 1 });
const bytesOf = (value: object): Buffer => Buffer.from(JSON.stringify(value));

describe("findManifest", () => {
  const documents = new Map<string, Buffer>();
  const put = (value: object): string => {
    const bytes = bytesOf(value);
    documents.set(digestOf(bytes), bytes);
    return digestOf(bytes);
  };
  const read = async (digest: string): Promise<Buffer> => {
    const bytes = documents.get(digest);
    if (!bytes) throw new Error(`there is no ${digest}`);
    return bytes;
  };
  const manifest = put({ config: descriptor("the config"), layers: [descriptor("a layer")] });
  const other = put({ config: descriptor("another config"), layers: [] });

  it("finds a manifest that is asked for by its own digest", async () => {
    const found = await findManifest(manifest, "the config", read);
    assert.deepEqual(found?.digest, manifest);
    assert.deepEqual(found?.manifest.layers, [descriptor("a layer")]);
  });

  it("finds it below an index of indexes, beside documents that are missing or no manifests", async () => {
    const artifact = put({ artifactType: "chart" });
    const inner = put({ manifests: [descriptor(other), descriptor(manifest)] });
    const top = put({ manifests: [descriptor("missing"), descriptor(artifact), descriptor(inner)] });
    assert.equal((await findManifest(top, "the config", read))?.digest, manifest);
    assert.equal(await findManifest(top, "no config", read), undefined);
  });

  it("fails where the first document is missing or no manifest", async () => {
    await assert.rejects(findManifest("missing", "the config", read), /there is no missing/);
    await assert.rejects(findManifest(put({ schemaVersion: 1 }), "the config", read), /before 2017/);
  });
});

describe("a document's media type", () => {
  it("is what it says, or OCI's where it says nothing", () => {
    const docker = "application/vnd.docker.distribution.manifest.v2+json";
    const manifest = { config: descriptor("c"), layers: [] };
    assert.equal(mediaTypeOf(bytesOf({ mediaType: docker, ...manifest })), docker);
    assert.equal(mediaTypeOf(bytesOf(manifest)), "application/vnd.oci.image.manifest.v1+json");
    assert.equal(mediaTypeOf(bytesOf({ manifests: [] })), "application/vnd.oci.image.index.v1+json");
    assert.ok("index" in parseManifestOrIndex(bytesOf({ manifests: [] })));
  });
});

import assert from "node:assert/strict";
import { blobOf, layerOf } from "../../test/harness/fake-upstream.js";
import { built, failed, mountsOf, runFrontend, sample, stepNamed } from "../../test/harness/run-frontend.js";
import { digestOf } from "../image/digest.js";
import {
  formatLayoutIndex,
  nameAnnotation,
  repoDigestAnnotation,
  shelvedAnnotation,
} from "../image/layout-index.js";
import { blobPath } from "../image/oci-layout.js";

const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
const context = { "context:inner": "local:inner", "build-arg:LARDER_VIA": "direct" };

/** The files of a layout; each image has the layers of these names. */
function layoutOf(
  images: Readonly<
    Record<string, { layers: readonly string[]; annotations?: Readonly<Record<string, string>> }>
  >,
): Record<string, string> {
  const files: Record<string, string> = { "oci-layout": '{"imageLayoutVersion":"1.0.0"}' };
  const put = (text: string) => {
    const digest = digestOf(Buffer.from(text));
    files[blobPath(digest)] = text;
    return { digest, size: text.length };
  };
  const entries = Object.entries(images).map(([name, { layers, annotations }]) => {
    const diffIds = layers.map((layer) => layerOf(layer));
    const text = JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { diff_ids: diffIds }, name });
    const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...put(text) };
    const blobs = diffIds.map((diffId) => ({ mediaType: gzip, digest: blobOf(diffId), size: 1 }));
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const manifest = put(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: blobs }));
    return { mediaType, ...manifest, annotations: { [nameAnnotation]: name, ...annotations } };
  });
  files["index.json"] = formatLayoutIndex(entries);
  return files;
}

describe("PRELOAD --from= a folder with an OCI layout", function () {
  this.timeout(20_000);

  const build = (file: string, files: Readonly<Record<string, string>>) =>
    runFrontend(sample(file, { lacks: [], files, options: context }));
  const two = {
    "docker.io/library/app:1": { layers: ["debian", "app"] },
    "docker.io/library/web:2": { layers: ["debian", "web"] },
  };

  it("takes each image by its name, and each layer as the layout has it", async () => {
    const { steps } = built(
      await build("FROM docker:29-dind\nPRELOAD --from=inner app:1 web:2\n", layoutOf(two)),
    );
    const unpack = stepNamed(steps, "[larder] unpack web:2 layer 2/2");
    const diffId = layerOf("web");
    assert.deepEqual(unpack.job, {
      kind: "unpack",
      layers: [{ diffId, digest: blobOf(diffId), mediaType: gzip }],
    });
    assert.equal(mountsOf(unpack, steps)["/in/blobs/0"], "[context inner] load from client #0");
    const describe = stepNamed(steps, "[larder] describe 2 images");
    assert.ok(describe.job?.kind === "catalog");
    assert.deepEqual(
      describe.job.images.map(({ reference }) => reference.path),
      ["library/app", "library/web"],
    );
  });

  it("gives the digest that the layout names to Docker's graph driver", async () => {
    const digest = digestOf(Buffer.from("of the registry"));
    const one = { layers: ["app"], annotations: { [repoDigestAnnotation]: digest } };
    const other = { layers: ["web"], annotations: { [repoDigestAnnotation]: "none" } };
    const files = layoutOf({ "docker.io/library/app:1": one, "docker.io/library/web:2": other });
    const { steps } = built(await build("FROM docker:29-dind\nPRELOAD --from=inner app:1 web:2\n", files));
    const { job } = stepNamed(steps, "[larder] describe 2 images");
    assert.ok(job?.kind === "catalog");
    assert.deepEqual(
      job.images.map(({ repoDigest }) => repoDigest),
      [digest, null],
    );
  });

  it("takes a layer that the layout lacks from the shelf of the stage, and no other", async () => {
    const debian = layerOf("debian");
    const annotations = { [shelvedAnnotation]: blobOf(debian) };
    const files = layoutOf({ "docker.io/library/app:1": { layers: ["debian", "app"], annotations } });
    const text =
      "FROM docker:29-dind\nPRELOAD redis:7\nRUN below\nPRELOAD --from=inner app:1\nPRELOAD postgres:17\n";
    const { steps } = built(await build(text, files));
    const own = steps.filter(
      ({ job }) => job?.kind === "unpack" && job.layers.some(({ isShelved }) => isShelved),
    );
    assert.equal(own.length, 1);
    const mounts = own[0] ? mountsOf(own[0], steps) : {};
    assert.ok(mounts["/in/stage"]);
    assert.equal(mounts["/in/blobs/0"], undefined);
    const failure = failed(await build("FROM docker:29-dind\nPRELOAD --from=inner app:1\n", files));
    assert.match(
      failure.message,
      /image "app:1": its layout lacks the layer sha256:\w+, which is not on the/,
    );
    assert.deepEqual(failure.lines, [2]);
  });

  it("refuses a name that the layout does not have, and a folder without a layout", async () => {
    const file = "FROM docker:29-dind\nPRELOAD --from=inner other:1\n";
    const missing = failed(await build(file, layoutOf(two)));
    assert.match(
      missing.message,
      /--from="inner": its layout has no image docker\.io\/library\/other:1; it has docker\.io\/library\/app:1, /,
    );
    const { "index.json": _, ...none } = layoutOf(two);
    assert.match(
      failed(await build(file, none)).message,
      /a folder of files and no image; give it an OCI layout/,
    );
  });
});

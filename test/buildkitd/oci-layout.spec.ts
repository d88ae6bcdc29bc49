import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { skip } from "../../src/testing.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import { builder, lab, labImage } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import { temporary } from "./fixture.js";

/** BuildKit has given the blobs of such an image since 0.28. */
describe("PRELOAD --from= of an OCI layout, with a buildkitd", () => {
  before(function () {
    if (!builder.givesBlobs) skip(this, "this version of BuildKit does not give single blobs");
  });
  after(cleanUp);

  it("takes exactly this image, without any registry", async () => {
    const inner = labImage("busybox:1");
    const folder = temporary();
    const layout = ["copy", "--src-tls-verify=false", `docker://${inner}`, `oci:${folder}/layout:1`];
    await output(lab.skopeo, ["--insecure-policy", ...layout]);
    const dockerfile = `FROM ${lab.system} AS system
PRELOAD --from=inner example.com/inner:1
FROM scratch
COPY --from=system /usr/lib/larder/preload.json /
`;
    const context = ["--build-context", `inner=oci-layout://${folder}/layout:1`];
    await build({ dockerfile, args: [...context, "--output", `type=local,dest=${folder}`] });
    const { images: all } = JSON.parse(readFileSync(join(folder, "preload.json"), "utf8"));
    // Docker has two stores, and the images are listed for each.
    const images = all.filter(({ store }: { store: string }) => store === "overlay2");
    const { diffIds } = await registryImage(inner);
    const imageId = imageIdOf(`${folder}/layout`);
    assert.deepEqual(
      images.map((image: { imageId: string; diffIds: string[] }) => [image.imageId, image.diffIds]),
      [[imageId, diffIds]],
    );
  });
});

/** A copy in OCI's format has an ID of its own. */
function imageIdOf(layout: string): string {
  const read = (path: string) => JSON.parse(readFileSync(join(layout, path), "utf8"));
  const [{ digest }] = read("index.json").manifests;
  return read(`blobs/${digest.replace(":", "/")}`).config.digest;
}

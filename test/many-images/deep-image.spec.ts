import assert from "node:assert/strict";
import { assertSame, exactly } from "../exact-files/same.js";
import { build } from "../harness/build.js";
import { listImage } from "../harness/file-listing.js";
import { dockerStage, lab } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { pushSmallImages } from "./small-images.js";

/** On a base of one or two layers, Docker runs images of 125 layers at most. */
const count = 120;

/** Each layer deletes files of the one below it. Every second layer has an opaque directory. */
function deletingLayer(index: number): string[] {
  const own = ["files/", `files/${index}`, `files/.wh.${index - 1}`];
  return index % 2 === 0
    ? [...own, "odd/", `odd/new-${index}`, "odd/.wh..wh..opq"]
    : [...own, "odd/", `odd/more-${index}`];
}

describe(`an image of ${count} layers that delete something`, () => {
  let reference: string;

  before(async () => {
    const layers = Array.from({ length: count }, (_, index) => deletingLayer(index));
    const shallow = { tag: "shallow", base: "busybox:1", layers: layers.slice(0, 40) };
    const images = [shallow, { tag: "deep", base: "busybox:1", layers }];
    reference = (await pushSmallImages("deep", images))[1] ?? "";
  });

  for (const store of ["overlay2", "containerd"] as const) {
    it(`runs with exactly its files, also after a restart (${store})`, async () => {
      const tag = `e2e-deep:${store}`;
      const shallow = reference.replace(/:deep$/, ":shallow");
      // The second PRELOAD finds layers of the first one.
      const preloads = `PRELOAD ${shallow}\nPRELOAD ${reference}\n`;
      const args = ["--build-arg", `LARDER_INSECURE_REGISTRIES=${lab.registry}`];
      await build({ dockerfile: `${dockerStage("28.5", store)}${preloads}`, tag, args });
      const container = await SystemContainer.start(tag);
      const run = () => container.inner("run", "--rm", "--network=none", reference, "ls", "/files", "/odd");
      const odd = [`more-${count - 1}`, `new-${count - 2}`];
      assert.equal(await run(), `/files:\n${count - 1}\n\n/odd:\n${odd.join("\n")}\n`);
      assertSame(
        await listImage(reference, { inside: container }),
        await listImage(exactly(await registryImage(reference)), { engine: "containerd" }),
      );
      await container.restart();
      assert.match(await container.logs(), /^larder: had attached 2 images .* before$/m);
      assert.ok((await run()).startsWith(`/files:\n${count - 1}\n`));
      await container.inner("rmi", reference);
      assert.equal(await container.inner("run", "--rm", "--network=none", shallow, "ls", "/files"), "39\n");
      await container.remove();
    });
  }
});

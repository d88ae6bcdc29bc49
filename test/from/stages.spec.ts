import assert from "node:assert/strict";
import { assertSame } from "../exact-files/same.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { listImage } from "../harness/file-listing.js";
import { engineNames, lab, labImage } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { holderOf, pushSystem, type SystemImage } from "../sharing/outer-layers.js";
import {
  dockerfile,
  innerConfig,
  type RawConfig,
  registryConfig,
  values,
  withoutDigests,
  withoutTimes,
} from "./fixture.js";

const native = dockerfile.replaceAll(/^PRELOAD .*\n/gm, "");
const stages = ["app", "only", "child"] as const;
const printed = "hello inner: 1234 /srv/data version 2 command\n";

for (const engine of engineNames) {
  describe(`PRELOAD --from= of a stage, ${engine}`, () => {
    const args = [...values, "--build-arg", `SYSTEM=${lab.system}`];
    const nativeTag = (stage: string) => labImage(`e2e/from-${stage}:${engine}`);
    let system: SystemImage;
    let container: SystemContainer;

    before(async () => {
      system = await pushSystem({ name: `from-${engine}`, dockerfile, engine, args });
      for (const stage of stages) {
        const flags = [...args, "--push", "--target", stage];
        await build({ larder: false, engine, dockerfile: native, tag: nativeTag(stage), args: flags });
      }
      container = await SystemContainer.start(system.reference, { engine });
    });
    after(cleanUp);

    for (const stage of stages) {
      it(`${stage}: config, history and layers are as upstream makes them`, async () => {
        const [inner, outer] = await Promise.all([
          innerConfig(container, `example.com/${stage}:1`),
          registryConfig(nativeTag(stage)),
        ]);
        // A graph driver writes layers in another form.
        const shown = engine === "graph" ? withoutDigests : (image: RawConfig) => image;
        assert.deepEqual(withoutTimes(shown(inner)), withoutTimes(shown(outer)));
      });

      it(`${stage}: the files are those of the stage`, async () => {
        const [inner, outer] = await Promise.all([
          listImage(`example.com/${stage}:1`, { engine, inside: container }),
          listImage(nativeTag(stage), { engine }),
        ]);
        assertSame(inner, outer);
      });
    }

    it("runs by each of its names", async () => {
      for (const name of ["app", "also"])
        assert.equal(
          await container.inner("run", "--rm", "--network", "none", `example.com/${name}:1`),
          printed,
        );
    });

    it("has the layers of its base as the registry has them, once with a PRELOAD of the base", async () => {
      const [base = assert.fail()] = (await registryImage(labImage("busybox:1"))).diffIds;
      assert.ok(holderOf(system, base).history.startsWith("PRELOAD example.com/app:1, layer 1 of "));
      assert.equal((await innerConfig(container, "example.com/app:1")).rootfs.diff_ids[0], base);
      assert.equal((await innerConfig(container, "example.com/child:1")).rootfs.diff_ids[0], base);
    });

    it("has each layer once, however many images have it", async () => {
      const of = async (name: string) =>
        (await innerConfig(container, `example.com/${name}:1`)).rootfs.diff_ids;
      const [app, child, only] = [await of("app"), await of("child"), await of("only")];
      assert.deepEqual(child.slice(0, app.length), app);
      const all = new Set([...child, ...only]);
      assert.deepEqual([...system.holders.keys()].sort(), [...all].sort());
      for (const diffId of all) holderOf(system, diffId);
    });
  });
}

import assert from "node:assert/strict";
import { shell } from "../attach/fixture.js";
import { buildSystem, kubernetes, listImages, runImage } from "../containerd/fixture.js";
import { cleanUp } from "../harness/cleanup.js";
import { sysbox } from "../harness/sysbox.js";
import { SystemContainer } from "../harness/system-container.js";
import { type InnerImages, innerImages, prints } from "../inner-docker/images.js";

const attach = "/usr/lib/larder/bin/attach containerd 2>/dev/null";
const tree = String.raw`cd /var/lib/containerd && find . -printf '%p %y %m %U:%G %n %l\n' | sort`;

describe("sysbox: a system container with containerd", () => {
  let images: InnerImages;
  let image = "";
  let container: SystemContainer;

  before(async () => {
    images = await innerImages();
    image = await buildSystem("2.1", images);
    container = await SystemContainer.start(image, { daemon: "containerd", privilege: sysbox });
  });
  after(cleanUp);

  it("attach writes the same root as without", async () => {
    const [within, without] = await Promise.all([
      shell(image, `${attach} && ${tree}`, { privilege: sysbox }),
      shell(image, `${attach} && ${tree}`),
    ]);
    assert.equal(within, without);
    assert.match(within, /\/fs\/data\/old c /);
  });

  it("containerd has the images, with their exact files", async () => {
    assert.match(await container.exec("cat", "/proc/self/uid_map"), /^\s*0\s+165536\s+65536\s*$/);
    await assertRuns(container);
  });

  it("also after a restart, and a removed image is gone", async () => {
    const { one, two, index } = images;
    await container.restart();
    await assertRuns(container);
    await container.ctr("default", "images", "rm", "--sync", one.reference, index.reference);
    assert.deepEqual(
      (await listImages(container, "default")).map(({ name }) => name),
      [two.reference],
    );
    assert.equal(await runImage(container, "default", two.reference), prints.two);
  });

  it("copies, too", async () => {
    const env = { LARDER_ATTACH: "copy" };
    await assertRuns(await SystemContainer.start(image, { daemon: "containerd", privilege: sysbox, env }));
  });

  async function assertRuns(where: SystemContainer): Promise<void> {
    const { one, two, index } = images;
    assert.equal(await runImage(where, "default", one.reference), prints.one);
    assert.equal(await runImage(where, "default", index.reference), prints.index);
    assert.equal(await runImage(where, kubernetes, two.reference), prints.two);
  }
});

import assert from "node:assert/strict";
import { runImage } from "../containerd/fixture.js";
import { assertSame } from "../exact-files/same.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { listUnpacked } from "../harness/file-listing.js";
import { labImage } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { holderOf, pushSystem, type SystemImage } from "../sharing/outer-layers.js";

const pause = labImage("pause:3");
const dockerfile = `FROM ${labImage("containerd:2.1")} AS node
RUN rm -rf /usr/share/doc
PRELOAD ${pause}
COPY --link <<EOF /note.txt
below
EOF

FROM ${labImage("busybox:1")} AS app
WORKDIR /srv
ENTRYPOINT ["sh", "-c", "echo packed in $PWD"]

FROM ${labImage("containerd:2.1")}
PRELOAD --from=node example.com/node:1
PRELOAD --from=app example.com/app:1
`;
/** The namespace in which the same containerd unpacks the image that BuildKit pushed. */
const pulled = "pulled";

describe("PRELOAD --from= of a stage with a PRELOAD, into containerd", () => {
  const node = labImage("e2e/from-node:1");
  let system: SystemImage;
  let container: SystemContainer;

  before(async () => {
    system = await pushSystem({ name: "from-node", dockerfile });
    await build({ dockerfile, tag: node, args: ["--target", "node", "--push"] });
    container = await SystemContainer.start(system.reference, { daemon: "containerd", network: "bridge" });
    await container.ctr(pulled, "images", "pull", "--plain-http", node);
  });
  after(cleanUp);

  it("has exactly the layers of the pushed stage, so the system image has each once", async () => {
    const { diffIds, history } = await registryImage(node);
    assert.ok(history.some(({ created_by }) => created_by?.startsWith(`PRELOAD ${pause}, layer 1 of 1, `)));
    for (const diffId of diffIds) holderOf(system, diffId);
  });

  it("has the files of the stage", async () => {
    const files = await listUnpacked(container, "default", "example.com/node:1");
    assert.ok(files.has("usr/lib/larder/bin/attach") && files.has("note.txt") && !files.has("usr/share/doc"));
    assertSame(files, await listUnpacked(container, pulled, node));
  });

  it("runs, and has its blobs for a push", async () => {
    assert.equal(await runImage(container, "default", "example.com/app:1"), "packed in /srv\n");
    assert.match(await container.ctr("default", "images", "check"), /example\.com\/app:1 .* complete /);
  });
});

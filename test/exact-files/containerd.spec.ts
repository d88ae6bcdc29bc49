import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { listUnpacked } from "../harness/file-listing.js";
import { labImage } from "../harness/lab.js";
import { pushInnerImage, type RegistryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { pushHandMade } from "./hand-made.js";
import { assertSame, assertSameStat, statAll, withoutImpliedTimes } from "./same.js";

/** The namespace in which the same containerd unpacks the preloaded images itself. */
const pulled = "pulled";

describe("exact files: containerd 2.1 has a preloaded image's files as it unpacks them itself", () => {
  let odd: RegistryImage;
  let handMade: RegistryImage;
  let container: SystemContainer;

  before(async () => {
    odd = await pushInnerImage("odd", new URL("Dockerfile", import.meta.url));
    handMade = await pushHandMade();
    const tag = "e2e-exact-files-containerd:2.1";
    const preload = `PRELOAD ${odd.reference} ${handMade.reference}`;
    await build({ tag, dockerfile: `FROM ${labImage("containerd:2.1")}\n${preload}\n` });
    container = await SystemContainer.start(tag, { daemon: "containerd", network: "bridge" });
    for (const { reference } of [odd, handMade])
      await container.ctr(pulled, "images", "pull", "--plain-http", reference);
  });
  after(cleanUp);

  it("the images that are compared are not the preloaded ones", async () => {
    const snapshots = await container.ctr(pulled, "snapshots", "ls");
    assert.doesNotMatch(snapshots, /larder/);
    const layers = [odd, handMade].flatMap(({ diffIds }) => diffIds);
    assert.equal(snapshots.trim().split("\n").length - 1, layers.length, snapshots);
  });

  it("the image of odd files", async () => {
    const files = await listUnpacked(container, "default", odd.reference);
    assert.match(files.get("odd/capable") ?? "absent", /capability 0100000200200000/);
    assert.ok(files.size > 10_000, `there are ${files.size} files`);
    assertSame(files, await listUnpacked(container, pulled, odd.reference));
  });

  it("link counts, times and sizes as a program in a container sees them", async () => {
    // The output goes through a file: ctr may exit before it has passed on all of it.
    await container.exec("mkdir", "/seen");
    const seen = ["--mount", "type=bind,src=/seen,dst=/seen,options=rbind:rw"];
    const see = async (namespace: string): Promise<string> => {
      const list = ["stat", "sh", "-c", `${statAll} >/seen/list`];
      await container.ctr(namespace, "run", "--rm", "--user", "0", ...seen, odd.reference, ...list);
      return container.exec("cat", "/seen/list");
    };
    assertSameStat(await see("default"), await see(pulled));
  });

  it("an image whose layers no builder would write", async () => {
    const files = await listUnpacked(container, "default", handMade.reference);
    const expected = await listUnpacked(container, pulled, handMade.reference);
    assert.equal(files.get("deleted/old")?.split(" ")[0], "file");
    assertSame(withoutImpliedTimes(files), withoutImpliedTimes(expected));
  });
});

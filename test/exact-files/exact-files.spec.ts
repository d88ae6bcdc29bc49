import assert from "node:assert/strict";
import { skip } from "../../src/testing.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { type FileListing, listImage } from "../harness/file-listing.js";
import {
  type DockerStore,
  type DockerVersion,
  dockerStage,
  dockerVersions,
  type EngineName,
  engineNames,
  labImage,
  needsDocker,
} from "../harness/lab.js";
import { pushInnerImage, type RegistryImage } from "../harness/registry-image.js";
import { sysbox } from "../harness/sysbox.js";
import { SystemContainer } from "../harness/system-container.js";
import { pushHandMade } from "./hand-made.js";
import { assertSame, assertSameStat, exactly, statAll, withoutImpliedTimes } from "./same.js";

const emptyLayer = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
const python = labImage("python:3");

interface System {
  readonly engine: EngineName;
  readonly version: DockerVersion;
  readonly store: DockerStore;
  /** Includes the slow tests. */
  readonly full: boolean;
}

/** Each inner Docker with each of its stores, and each way to assemble the outer image. */
const systems: readonly System[] = [
  ...dockerVersions.map((version) => ({
    engine: "containerd" as const,
    version,
    store: "overlay2" as const,
    full: version === "28.5",
  })),
  { engine: "containerd", version: "26.1", store: "containerd", full: false },
  { engine: "containerd", version: "28.5", store: "containerd", full: true },
  { engine: "containerd", version: "29.9", store: "containerd", full: true },
  { engine: "graph", version: "28.5", store: "overlay2", full: false },
];

describe("exact files: an inner image has the files of the same image run by the outer engine", () => {
  let odd: RegistryImage;
  let handMade: RegistryImage;
  const outside = new Map<string, Promise<FileListing>>();

  /** The reference: a container of the image that the engine runs itself. */
  function listOutside(image: string, engine: EngineName): Promise<FileListing> {
    const key = `${engine} ${image}`;
    const listing = outside.get(key) ?? listImage(image, { engine });
    outside.set(key, listing);
    return listing;
  }

  before(async () => {
    odd = await pushInnerImage("odd", new URL("Dockerfile", import.meta.url));
    handMade = await pushHandMade();
  });

  it("the compared image has all file properties that are hard to keep", async () => {
    const files = await listOutside(exactly(odd), "containerd");
    assert.ok(odd.diffIds.includes(emptyLayer), "there is an empty layer");
    const many = [...files.keys()].filter((path) => path.startsWith("odd/many/"));
    assert.ok(many.length > 10_000, `there are ${many.length} files in one layer`);
    const present: [string, RegExp][] = [
      ["odd/capable", /capability 0100000200200000/],
      ["odd/kinds/setuid", /^file 4755 /],
      ["odd/kinds/setgid", /^file 2755 0:42 /],
      ["odd/kinds/mode-000", /^file 0000 /],
      ["odd/kinds/one", /names .*fo ur.*three.*two/],
      ["odd/kinds/dangling", /^symlink .* -> "no\/where"$/],
      ["odd/kinds/fifo", /^fifo 0640 /],
      ["odd/kinds/t1987", /1987-06-05T04:03:02/],
      ["odd/names/new\nline", /^file /],
      ["odd/names/raw\ufffd\ufffdbytes", /^file /],
      ["odd/again/new", /^file /],
      ["odd/comes/back/new", /^file /],
    ];
    for (const [path, words] of present)
      assert.match(files.get(path) ?? "absent", words, JSON.stringify(path));
    for (const path of ["odd/deleted/file", "odd/deleted/tree", "odd/again/old", "odd/comes/back/old"]) {
      assert.equal(files.get(path), undefined, `${path} is deleted by a later layer`);
    }
  });

  it("the engines of both kinds agree about it", async function () {
    if (!engineNames.includes("graph")) skip(this, "there is no engine with a graph driver");
    assertSame(await listOutside(exactly(odd), "graph"), await listOutside(exactly(odd), "containerd"));
  });

  for (const { engine, version, store, full } of systems) {
    describe(`Docker ${version}, ${store}, in a system image from the engine with ${engine === "graph" ? "a graph driver" : "containerd"}`, () => {
      const tag = `e2e-exact-files-${store}:${version}`;
      let container: SystemContainer;

      before(async function () {
        if (!engineNames.includes(engine)) skip(this, `there is no engine "${engine}"`);
        needsDocker(this, version);
        const preload = [odd.reference, handMade.reference, ...(full ? [python] : [])].join(" ");
        const dockerfile = `${dockerStage(version, store)}PRELOAD ${preload}\n`;
        await build({ engine, tag, dockerfile });
        container = await SystemContainer.start(tag, { engine });
        const driver = await container.inner("info", "--format", "{{.Driver}}");
        assert.equal(driver.trim(), store === "containerd" ? "overlayfs" : "overlay2");
      });

      after(cleanUp);

      it("the image of odd files", async () => {
        const [inner, outer] = await Promise.all([
          listImage(odd.reference, { engine, inside: container }),
          listOutside(exactly(odd), engine),
        ]);
        assertSame(inner, outer);
      });

      it("link counts, times and sizes as a program in the container sees them", async () => {
        const see = ["run", "--rm", "--network", "none", "--user", "0"];
        const command = ["sh", "-c", statAll];
        const [inner, outer] = await Promise.all([
          container.inner(...see, odd.reference, ...command),
          docker([...see, exactly(odd), ...command], { engine }),
        ]);
        assertSameStat(inner, outer);
      });

      it("an image whose layers no builder would write", async () => {
        const [inner, outer] = await Promise.all([
          listImage(handMade.reference, { engine, inside: container }),
          listOutside(exactly(handMade), engine),
        ]);
        assertSame(withoutImpliedTimes(inner), withoutImpliedTimes(outer));
      });

      if (full) {
        it("the odd files under sysbox, too", async function () {
          const runtimes = await docker(["info", "--format", "{{json .Runtimes}}"], { engine });
          if (!runtimes.includes('"larder-sysbox"')) skip(this, "the engine has no runtime larder-sysbox");
          const sandboxed = await SystemContainer.start(tag, { engine, privilege: sysbox });
          assert.match(await sandboxed.exec("cat", "/proc/self/uid_map"), /^\s*0\s+165536\s+65536\s*$/);
          assertSame(
            await listImage(odd.reference, { engine, inside: sandboxed }),
            await listOutside(exactly(odd), engine),
          );
        });

        it("an image that people use: Debian with Python", async () => {
          const [inner, outer] = await Promise.all([
            listImage(python, { engine, inside: container }),
            listOutside(python, engine),
          ]);
          assertSame(inner, outer);
        });
      }
    });
  }
});

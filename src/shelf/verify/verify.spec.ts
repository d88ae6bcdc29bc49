import assert from "node:assert/strict";
import type { InnerImage } from "../../image/inner-image.js";
import { onlyAsRoot } from "../../testing.js";
import type { ImageToVerify } from "./image-to-verify.js";
import {
  directory,
  type Entry,
  filesIn,
  type MadeLayer,
  MadeSystem,
  makeLayer,
  ownPrograms,
} from "./testing.js";
import { type Verification, verifyImage } from "./verify.js";

const programs = ownPrograms();
const capability = Buffer.from("0100000200200000000000000000000000000000", "hex");

const bottom: readonly Entry[] = [
  { name: "z-first", content: "comes last in the outer layer" },
  directory("bin/", { mode: 0o751n, mtime: 1500n }),
  { name: "bin/sh", content: "#!".repeat(3000), mode: 0o4755n },
  { name: "bin/ash", type: "hard link", linkName: "bin/sh", mode: 0o4755n },
  { name: "bin/link", type: "symbolic link", linkName: "/etc/passwd" },
  { name: "implied/directory/\u00c3\u00bc", content: "x", uid: 70_000n, gid: 3_000_000n },
  { name: "capable", content: "y", capability },
  { name: "null", type: "character device", device: 0x103n },
  { name: "pipe", type: "fifo" },
];
const top: readonly Entry[] = [
  { name: "bin/.wh.ash" },
  { name: "implied/.wh..wh..opq" },
  { name: "implied/new", content: "n" },
];

describe("verifyImage", () => {
  let layers: MadeLayer[];
  let system: MadeSystem;
  let image: InnerImage;
  before(async function () {
    onlyAsRoot(this);
    layers = [await makeLayer(bottom), await makeLayer(top)];
  });
  const make = (): void => {
    system = new MadeSystem();
    image = system.image("app:1", layers);
  };
  const remove = (): void => system.remove();

  const verify = (): Promise<Verification> => verifyImage(system.build(), programs);
  const faults = (): Promise<string[]> => faultsOf(system.build());

  /** Faults as text: outer layer, path below the shelf with short digests, what. */
  async function faultsOf(built: ImageToVerify): Promise<string[]> {
    return (await verifyImage(built, programs)).faults.map(({ outer, path = "-", what }) =>
      short(`${outer ?? "-"} ${path} ${what}`),
    );
  }

  function short(text: string): string {
    return text
      .replaceAll("/usr/lib/larder/", "")
      .replaceAll(layers[0]?.diffId.slice(7) ?? "", "ONE")
      .replaceAll(layers[1]?.diffId.slice(7) ?? "", "TWO")
      .replaceAll(/sha256:([0-9a-f]{4})[0-9a-f]{60}/g, "sha256:$1");
  }

  describe("finds no fault", () => {
    beforeEach(make);
    afterEach(remove);
    for (const [stores, blobs] of [
      [["overlay2"], true],
      [["containerd"], true],
      [["podman"], true],
      [["overlay2", "containerd"], true],
      [["overlay2", "podman"], true],
      [["overlay2", "containerd"], false],
    ] as const) {
      it(`in ${stores.join(" and ")}${blobs ? "" : ", without blobs"}`, async () => {
        await system.preload([image], stores, blobs);
        assert.deepEqual(await verify(), {
          faults: [],
          notes: [],
          images: [`app:1@${image.reference.digest}`],
          layers: { total: 2, proven: 2 },
        });
      });
    }

    it("in a containerd without blobs, and says that nothing proves the layers", async () => {
      await system.preload([image], ["containerd"], false);
      const { faults, notes, layers: counted } = await verify();
      assert.deepEqual([faults, counted], [[], { total: 2, proven: 0 }]);
      assert.deepEqual(
        notes.map(({ layer, images, what }) => [layer, images, what.slice(0, 16)]),
        layers.map(({ diffId }) => [diffId, ["app:1"], "cannot be proven"]),
      );
    });

    it("after PRELOADs one after another: other images, and another one of the same name", async () => {
      await system.preload([image], ["overlay2", "containerd"]);
      system.addOuter("RUN something", "mkdir -p usr/lib && echo >usr/lib/other");
      const later = system.image("app:1", [...layers, await makeLayer([{ name: "more", content: "m" }])]);
      const other = system.image("other:2", [await makeLayer([{ name: "o", content: "o" }])]);
      await system.preload([later, other], ["overlay2", "containerd"]);
      assert.deepEqual(await faults(), []);
    });

    it("after PRELOADs one after another for Podman, an image of the same name among them", async () => {
      await system.preload([image], ["podman"]);
      const later = system.image("app:1", [...layers, await makeLayer([{ name: "more", content: "m" }])]);
      await system.preload([later], ["podman"]);
      assert.deepEqual(await faults(), []);
    });

    it("in files that are no Larder's", async () => {
      await system.preload([image], ["overlay2"]);
      system.addOuter(
        "RUN more",
        "mkdir -p opt usr/bin && echo >opt/x && ln -s / opt/root && echo >usr/bin/dockerd",
      );
      assert.deepEqual(await faults(), []);
    });

    it("where a later layer writes a file again as it is", async () => {
      await system.preload([image], ["overlay2"]);
      const folder = `usr/lib/larder/layers/${layers[0]?.diffId.slice(7)}/fs`;
      system.addOuter(
        "RUN touch",
        `mkdir -p ${folder} && cp -a ${system.filesOf(layers[0]?.diffId ?? "")}/z-first ${folder}/`,
      );
      const found = await faults();
      // The folders above are those of this spec, with times of their own.
      assert.deepEqual(
        found.filter((fault) => !/ time /.test(fault)),
        [],
      );
    });
  });

  describe("names a changed file", () => {
    const files = "layers/ONE/fs";
    const cases: readonly [what: string, script: string, expected: readonly string[]][] = [
      [
        "its mode",
        "chmod 0700 implied/directory/*",
        [`2 ${files}/implied/directory/\u00fc mode 0700, should be 0644`],
      ],
      [
        "its setuid bit, by both of its names",
        "chmod 0755 bin/sh",
        [`2 ${files}/bin/ash mode 0755, should be 4755`, `2 ${files}/bin/sh mode 0755, should be 4755`],
      ],
      ["its owner", "chown 1:2 z-first", [`2 ${files}/z-first owner 1:2, should be 0:0`]],
      [
        "its time",
        "touch -d @5 z-first",
        [`2 ${files}/z-first time 1970-01-01T00:00:05Z, should be 2020-09-13T12:26:40Z`],
      ],
      [
        "its capability",
        "setfattr -x security.capability capable 2>/dev/null || cp capable c && mv c capable; touch -d @1600000000 capable; touch -d @0 .",
        [`2 ${files}/capable capability none, should be ${capability.toString("hex")}`],
      ],
      [
        "its content, of the same size",
        "printf Z | dd conv=notrunc of=z-first 2>&1; touch -d @1600000000 z-first",
        [`2 ${files}/z-first has another content than in the layer`],
      ],
      [
        "its size",
        "echo more >>z-first; touch -d @1600000000 z-first",
        [`2 ${files}/z-first size 34 bytes, should be 29 bytes`],
      ],
      [
        "a link's target",
        "ln -sf /etc/shadow bin/link; touch -hd @1600000000 bin/link; touch -d @1500 bin",
        [`2 ${files}/bin/link link to /etc/shadow, should be /etc/passwd`],
      ],
      [
        "a hard link that is a copy",
        "cp -a bin/ash x; mv x bin/ash; touch -d @1500 bin; touch -d @0 .",
        [`2 ${files}/bin/sh is a separate file, should be a hard link to bin/ash`],
      ],
      [
        "a device's number",
        "rm null; mknod null c 1 5; chmod 644 null; touch -d @1600000000 null; touch -d @0 .",
        [`2 ${files}/null device 1:5, should be 1:3`],
      ],
      [
        "its kind",
        "rm pipe; mkdir -m 644 pipe; touch -d @1600000000 pipe; touch -d @0 .",
        [`2 ${files}/pipe is a directory, should be a fifo`],
      ],
      ["a missing file", "rm z-first; touch -d @0 .", [`- ${files}/z-first is missing, should be a file`]],
      [
        "a file more",
        "echo >new; touch -d @0 .",
        [`2 ${files}/new is not in the layer, should not be there`],
      ],
      ["an implied directory", "chmod 700 implied", [`2 ${files}/implied mode 0700, should be 0755`]],
      [
        "several at once",
        "chmod 600 z-first; rm pipe; touch -d @0 .",
        [`2 ${files}/z-first mode 0600, should be 0644`, `- ${files}/pipe is missing, should be a fifo`],
      ],
    ];
    for (const store of ["overlay2", "containerd"] as const) {
      describe(store === "overlay2" ? "by Docker's record of the tar" : "by the blob", () => {
        before(async () => {
          make();
          await system.preload([image], [store]);
        });
        after(remove);
        for (const [what, script, expected] of cases) {
          it(what, async () => {
            const [one = ""] = image.diffIds;
            assert.deepEqual(
              await faultsOf(system.buildWith(system.folderOf(one), script, filesIn(one))),
              expected,
            );
          });
        }
      });
    }
  });

  describe("names what a later outer layer changes", () => {
    before(async () => {
      make();
      await system.preload([image], ["overlay2"]);
    });
    after(remove);
    const cases: readonly [what: string, script: string, expected: readonly (string | RegExp)[]][] = [
      ["a deleted file", "mkdir -p FS/bin; touch FS/bin/.wh.sh", [/^- layers\/ONE\/fs\/bin\/sh is missing/]],
      [
        "a new file",
        "mkdir -p FS; echo >FS/new",
        ["5 layers/ONE/fs/new is not in the layer, should not be there"],
      ],
      [
        "another content",
        "mkdir -p FS; printf '%029d' 1 >FS/z-first; touch -d @1600000000 FS/z-first",
        ["5 layers/ONE/fs/z-first has another content than in the layer"],
      ],
      [
        "one name of a hard link",
        "mkdir -p FS/bin; cp -a SYSTEM/bin/ash FS/bin/ash",
        ["2 layers/ONE/fs/bin/sh is no longer the same file as bin/ash, which another outer layer has anew"],
      ],
      [
        "a deleted layer",
        "mkdir -p usr/lib/larder/layers; touch usr/lib/larder/layers/.wh.ONE",
        [/^- layers\/ONE is missing, should hold the layer/],
      ],
      [
        "an opaque folder",
        "mkdir -p FS/bin; touch FS/bin/.wh..wh..opq",
        [/bin\/ash is missing/, /bin\/link is missing/, /bin\/sh is missing/],
      ],
      [
        "a link in the place of all layers",
        "mkdir -p usr/lib/larder; ln -s /opt usr/lib/larder/layers",
        [
          "5 layers is a symbolic link, should be a directory",
          "5 layers leads outside of the shelf, to /opt",
        ],
      ],
      [
        "a list of deletions that is gone",
        "mkdir -p usr/lib/larder/layers/TWO; touch usr/lib/larder/layers/TWO/.wh.whiteouts",
        ["- layers/TWO/whiteouts is missing, should list bin/ash implied"],
      ],
    ];
    for (const [what, script, expected] of cases) {
      it(what, async () => {
        const [one = "", two = ""] = image.diffIds;
        const built = system.buildOn(
          script
            .replaceAll("FS", filesIn(one))
            .replaceAll("ONE", one.slice(7))
            .replaceAll("TWO", two.slice(7))
            .replaceAll("SYSTEM", system.filesOf(one)),
        );
        const found = await faultsOf(built);
        for (const text of expected) {
          assert.ok(
            found.some((fault) => (typeof text === "string" ? fault === text : text.test(fault))),
            `${text} in ${found.join("\n")}`,
          );
        }
      });
    }
  });
});

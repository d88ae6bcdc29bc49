import assert from "node:assert/strict";
import type { InnerImage } from "../../image/inner-image.js";
import { onlyAsRoot } from "../../testing.js";
import { preloadLabel } from "../label.js";
import type { ImageToVerify } from "./image-to-verify.js";
import { MadeSystem, makeLayer, ownPrograms } from "./testing.js";
import { verifyImage } from "./verify.js";

describe("verifyImage: what an image says of its layers", () => {
  let system: MadeSystem;
  let image: InnerImage;
  before(async function () {
    onlyAsRoot(this);
    system = new MadeSystem();
    const layers = [
      await makeLayer([
        { name: "a", content: "a" },
        { name: "b", content: "b" },
      ]),
      await makeLayer([{ name: ".wh.b" }, { name: "c", content: "cc" }]),
    ];
    image = system.image("app:1", layers);
    await system.preload([image], ["overlay2", "containerd"]);
  });
  after(() => system?.remove());

  /** Outer layer, path below the shelf, what. Digests are short. */
  async function faultsOf(built: ImageToVerify): Promise<string[]> {
    const { faults } = await verifyImage(built, ownPrograms());
    // Whoever writes a file gives it the time of the day.
    const others = faults.filter(({ what }) => !/^time 20[2-9]/.test(what));
    return others.map(({ outer, path = "-", what }) =>
      `${outer ?? "-"} ${path.replace("/usr/lib/larder/", "")} ${what}`.replaceAll(
        /([0-9a-f]{4})[0-9a-f]{28,60}/g,
        "$1",
      ),
    );
  }

  /** Each fault is expected, and each expected one is there. */
  function assertFaults(found: readonly string[], expected: readonly RegExp[]): void {
    for (const pattern of expected) {
      assert.ok(
        found.some((fault) => pattern.test(fault)),
        `${pattern} in\n${found.join("\n")}`,
      );
    }
    const others = found.filter((fault) => !expected.some((pattern) => pattern.test(fault)));
    assert.deepEqual(others, []);
  }

  describe("in the catalog", () => {
    const cases: readonly [what: string, script: string, expected: readonly RegExp[]][] = [
      [
        "a reference of the model",
        'sed -i \'s/"app:1": "sha256:./"app:1": "sha256:x/\' catalog/overlay2/catalog.json',
        [
          /catalog.json app:1 is sha256:x\w+, should be sha256:57e7/,
          /overlay2\/id says/,
          /repositories.json has another content/,
        ],
      ],
      [
        "a reference",
        "sed -i 's/app:1/app:2/' catalog/overlay2/repositories.json",
        [/^6 catalog\/overlay2\/repositories.json has another content, from line 1 on/],
      ],
      [
        "a size",
        "for one in catalog/overlay2/db/*/size; do printf 7 >$one; touch -d @0 $one; done",
        [/^6 catalog\/overlay2\/db\/\w+\/size says 7, should say 2$/],
      ],
      [
        "a parent",
        "for one in catalog/overlay2/db/*/parent; do printf sha256:7 >$one; touch -d @0 $one; done",
        [/^6 catalog\/overlay2\/db\/\w+\/parent says sha256:7, should say sha256:/],
      ],
      [
        "a link that leads out",
        "for one in catalog/overlay2/db/*; do ln -sfn /etc $one/fs; touch -hd @0 $one/fs $one; done",
        [
          /^6 catalog\/overlay2\/db\/\w+\/fs link to \/etc, should be \.\.\/\.\.\/\.\.\/\.\.\/layers\/\w+\/fs/,
        ],
      ],
      [
        "a link of the data root",
        "for one in catalog/overlay2/root/overlay2/l/*; do ln -sfn /opt $one; touch -hd @0 $one; done; touch -d @0 catalog/overlay2/root/overlay2/l",
        [
          /root\/overlay2\/l\/\w+ link to \/opt, should be \.\.\/\w+\/diff/,
          /link to \/opt, should be \.\.\/\w+\/whiteouts/,
        ],
      ],
      [
        "a link more",
        "ln -s / catalog/overlay2/root/all; touch -d @0 catalog/overlay2/root",
        [
          /^6 catalog\/overlay2\/root\/all is a link to \/, which leads outside of the shelf, should not be there/,
        ],
      ],
      [
        "a config",
        "cd catalog/overlay2/root/image/overlay2/imagedb/content/sha256; for one in *; do sed -i s/amd64/arm64/ $one; touch -d @0 $one .; done",
        [/imagedb\/content\/sha256\/\w+ has the digest sha256:\w+, should have sha256:/],
      ],
      [
        "a deletion",
        "cd catalog/overlay2; mkdir t; tar -cf whiteouts.tar --mtime=@0 -C t .; rmdir t; touch -d @0 whiteouts.tar .",
        [/^6 catalog\/overlay2\/whiteouts.tar lacks \w+\/whiteouts\/b, which a layer deletes/],
      ],
      [
        "a mode",
        "chmod 777 catalog/overlay2/images",
        [/^6 catalog\/overlay2\/images mode 0777, should be 0644/],
      ],
      [
        "the record of another layer",
        "cd catalog/overlay2/db; set -- *; cp $1/tar-split x; cp $2/tar-split $1/tar-split; mv x $2/tar-split; touch -d @0 */tar-split . $1 $2",
        [/layers\/\w+\/fs\/[abc] is (not in the layer|missing)/, /layers\/\w+\/whiteouts is/, /whiteouts/],
      ],
      [
        "a record that is cut off",
        "cd catalog/overlay2/db; for one in */tar-split; do truncate -s 90 $one; touch -d @0 $one; done",
        [/^- - Docker's record of its tar is broken: unexpected end of file/],
      ],
      [
        "no catalog",
        "rm -r catalog/overlay2; touch -d @0 catalog",
        [/^- catalog\/overlay2\/catalog.json is missing, should describe the images of preload.json/],
      ],
      [
        "a catalog of another form",
        "echo '{\"version\":1}' >catalog/overlay2/catalog.json; touch -d @0 catalog/overlay2/catalog.json",
        [/^6 catalog\/overlay2\/catalog.json has not the form of a catalog/],
      ],
      [
        "a snapshot",
        'sed -i \'s/"holds": "whiteouts"/"holds": "layer"/\' catalog/containerd/catalog.json',
        [
          /catalog.json snapshot moby\/larder-whiteouts-sha256:\w+ is called so, should be/,
          /^6 catalog\/containerd\/(catalog.json|id|snapshots|steps|whiteouts|root)/,
        ],
      ],
      [
        "a name of containerd",
        "sed -i s,library/app:1,library/app:2, catalog/containerd/catalog.json",
        [
          /catalog.json image docker.io\/library\/app:1 is missing, should be/,
          /catalog.json image docker.io\/library\/app:2 is not in preload.json/,
          /meta.db image moby docker.io\/library\/app:1 is sha256:\w+ .*, should not be there/,
          /meta.db image moby docker.io\/library\/app:2 is missing/,
          /containerd\/(id|steps|names)/,
        ],
      ],
      [
        "a database",
        "printf x | dd of=catalog/containerd/meta.db bs=1 seek=12600 conv=notrunc 2>&1; touch -d @0 catalog/containerd/meta.db",
        [/^6 catalog\/containerd\/meta.db blob moby sha256:\w+ is .*, should be /],
      ],
      [
        "a database that is cut off",
        "truncate -s 5000 catalog/containerd/metadata.db; touch -d @0 catalog/containerd/metadata.db",
        [/^6 catalog\/containerd\/metadata.db cannot be read: page 5 is wrong/],
      ],
      [
        "a manifest",
        "cd catalog/containerd/root/io.containerd.content.v1.content/blobs/sha256; for one in *; do [ -L $one ] || { echo >>$one; touch -d @0 $one; }; done",
        [
          /lacks its config, its manifest or its index/,
          /blobs\/sha256\/\w+ has the digest sha256:\w+, should have sha256:/,
        ],
      ],
      [
        "an archive of a name",
        "cd catalog/containerd/names; for one in *.tar; do tar --delete -f $one oci-layout; touch -d @0 $one; done",
        [/^6 catalog\/containerd\/names\/\w+.tar lacks oci-layout/],
      ],
      [
        "preload.json",
        'sed -i \'s/"tag": "1"/"tag": "2"/\' preload.json; touch -d @0 preload.json',
        [
          /containerd\/catalog.json image docker.io\/library\/app:2 is missing/,
          /containerd\/catalog.json image docker.io\/library\/app:1 is not in preload.json/,
          /overlay2\/catalog.json app:2 is missing/,
          /overlay2\/catalog.json app:1 is not in preload.json/,
        ],
      ],
      [
        "preload.json of another form",
        "echo no >preload.json; touch -d @0 preload.json",
        [
          /preload.json is none of Larder's/,
          /should not be: preload.json has no image/,
          /app:1 is not in preload.json/,
        ],
      ],
      [
        "no preload.json",
        "rm preload.json; touch -d @0 .",
        [
          /^- preload.json is missing, should list the inner images/,
          /should not be: preload.json has no image/,
          /app:1 is not in preload.json/,
        ],
      ],
      [
        "a program that is gone",
        "rm bin/attach; touch -d @0 bin",
        [/^- bin\/attach is missing, should be a program/],
      ],
      ["a program of another owner", "chown 5 bin/attach", [/^6 bin\/attach owner 5:0, should be 0:0/]],
      [
        "a program that is a link",
        "ln -sf /tmp/x bin/json.sh; touch -d @0 bin; touch -hd @0 bin/json.sh",
        [/^6 bin\/json.sh is a link to \/tmp\/x, which leads outside of the shelf/],
      ],
      [
        "a part of attach that is gone",
        "rm bin/json.sh",
        [/^- bin\/json.sh is missing, should be a part of attach/],
      ],
      [
        "a file more",
        "echo >secret; touch -d @0 .",
        [/^6 secret is a file of no PRELOAD, should not be there/],
      ],
    ];
    for (const [what, script, expected] of cases) {
      it(what, async () =>
        assertFaults(await faultsOf(system.buildWith(system.catalog, script, "usr/lib/larder")), expected),
      );
    }
  });

  it("in the record of a tar: two files of one size with each other's names", async () => {
    const swap = `cd catalog/overlay2/db && for one in */tar-split; do
      gunzip <$one | sed 's/"name":"a"/"name":"A"/; s/"name":"b"/"name":"a"/; s/"name":"A"/"name":"b"/' | gzip -n >x
      cat x >$one; touch -d @0 $one; done; rm x; touch -d @0 .`;
    const found = await faultsOf(system.buildWith(system.catalog, swap, "usr/lib/larder"));
    assertFaults(found, [/^- - Docker's record of its tar is broken: it calls a b$/]);
  });

  describe("on the shelf", () => {
    it("another blob", async () => {
      const folder = system.outer.find((_, index) =>
        / blob of /.test(system.history[index]?.created_by ?? ""),
      );
      const script = "for one in usr/lib/larder/blobs/sha256/*; do echo >>$one; touch -d @0 $one; done";
      assertFaults(await faultsOf(system.buildWith(folder ?? "", script)), [
        /^4 blobs\/sha256\/\w+ has the digest sha256:\w+, should have sha256:/,
        /catalog.json blob moby\/sha256:\w+ has \d+ bytes, should have \d+/,
      ]);
    });

    it("a blob that is missing", async () => {
      assertFaults(
        await faultsOf(
          system.buildOn("mkdir -p usr/lib/larder/blobs; touch usr/lib/larder/blobs/.wh.sha256"),
        ),
        [
          /catalog.json blob moby\/sha256:\w+ is missing, should be \/usr\/lib\/larder\/blobs/,
          /^[45] - does not hold the blob sha256:\w+, should by the image's history/,
        ],
      );
    });

    it("one deletion", async () => {
      const [, two = ""] = image.diffIds;
      const script = "for one in usr/lib/larder/layers/*/whiteouts; do echo c >>$one; touch -d @0 $one; done";
      assertFaults(await faultsOf(system.buildWith(system.folderOf(two), script)), [
        /^3 layers\/\w+\/whiteouts has another content, from line 2 on/,
      ]);
    });

    it("a layer of no image", async () => {
      const folder = `usr/lib/larder/layers/${"7".repeat(64)}`;
      const built = system.buildOn(`mkdir -p ${folder}/fs; touch -d @0 ${folder}/fs ${folder}`);
      assertFaults(await faultsOf(built), [
        /belongs to no image, should not be there/,
        /is of no PRELOAD in the image's history/,
        /the label io.larder.preload is .*"layers":2.*, should be .*"layers":3/,
      ]);
    });

    it("a layer whose outer layer is cut off", async () => {
      const built = system.build();
      const openLayer = async (index: number) => {
        const layer = await built.openLayer(index);
        return index === 1 ? cut(layer) : layer;
      };
      assertFaults(await faultsOf({ ...built, openLayer }), [
        /^2 - is no whole tar: it is cut off/,
        /^2 - is not whole, since its outer layer is cut off/,
      ]);
    });

    it("an outer layer with another diffID", async () => {
      const built = system.build();
      const layers = built.layers.map((layer, index) =>
        index === 0 ? { ...layer, diffId: `sha256:${"7".repeat(64)}` } : layer,
      );
      assertFaults(await faultsOf({ ...built, layers }), [
        /^1 - has the diffID sha256:\w+, should have sha256:7777/,
      ]);
    });
  });

  describe("in its config", () => {
    const withLabel = (label: string | undefined): ImageToVerify => {
      const built = system.build();
      return {
        ...built,
        config: { ...built.config, config: { Labels: label === undefined ? {} : { [preloadLabel]: label } } },
      };
    };
    for (const [what, label, expected] of [
      [
        "a forged label",
        '{"version":2,"layers":9}',
        /label io.larder.preload is .*"layers":9.*, should be .*"layers":2/,
      ],
      ["no label", undefined, /label io.larder.preload is missing, should be/],
      ["a label of another form", "yes", /label io.larder.preload is yes, should be/],
    ] as const) {
      it(what, async () => assertFaults(await faultsOf(withLabel(label)), [expected]));
    }

    it("a history that claims a layer", async () => {
      const built = system.build();
      const history = (built.config.history ?? []).map((entry, index) =>
        index === 0
          ? { created_by: `PRELOAD x:1, layer 1 of 1, sha256:${"7".repeat(64)}`, comment: "larder" }
          : entry,
      );
      assertFaults(await faultsOf({ ...built, config: { ...built.config, history } }), [
        /^1 - does not hold the inner layer sha256:7777, should by the image's history/,
      ]);
    });

    it("a catalog of another image", async () => {
      const other = new MadeSystem();
      const one = other.image("app:1", [await makeLayer([{ name: "x", content: "other" }])]);
      await other.preload([one], ["overlay2", "containerd"]);
      const built = system.buildWith(system.catalog, `rm -r usr; cp -a ${other.catalog}/usr .`);
      other.remove();
      const found = await faultsOf(built);
      assert.ok(
        found.some((fault) => /^- layers\/\w+ is missing, should hold the layer/.test(fault)),
        found.join("\n"),
      );
      assert.ok(found.some((fault) => /belongs to no image, should not be there/.test(fault)));
    });
  });

  it("gives a note for programs that are not of this Larder, and no fault", async () => {
    const script = "echo >>bin/attach; touch -d @0 bin/attach";
    const { faults, notes } = await verifyImage(
      system.buildWith(system.catalog, script, "usr/lib/larder"),
      ownPrograms(),
    );
    assert.deepEqual(faults, []);
    assert.deepEqual(
      notes.map(({ path }) => path),
      ["/usr/lib/larder/bin/attach"],
    );
  });
});

/** All but the last bytes of a tar. */
async function* cut(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk);
  yield Buffer.concat(chunks).subarray(0, 5120);
}

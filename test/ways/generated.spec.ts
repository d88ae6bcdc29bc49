import assert from "node:assert/strict";
import fc from "fast-check";
import { larderJson } from "../cli/larder.js";
import { refusal } from "../errors/refused.js";
import { type Entry, layerTar, pushLayers } from "../exact-files/hand-made.js";
import { build, type Via } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { dockerStage, lab, labImage } from "../harness/lab.js";
import { type RegistryImage, registryImage } from "../harness/registry-image.js";

const names = ["a", "b", "c d", "e\nf", "\u00fc", "-g", `long${"x".repeat(110)}`];

/** Layers of odd entries, each with a name of its own: what dockerd and containerd unpack of them is the judge. */
const layer = fc
  .uniqueArray(
    fc.record({
      parents: fc.array(fc.constantFrom(...names), { maxLength: 2 }),
      base: fc.constantFrom(...names, "h", "i", "j"),
      kind: fc.constantFrom(
        "file",
        "file",
        "directory",
        "symlink",
        "fifo",
        "character-device",
        "link",
        "whiteout",
      ),
      mode: fc.constantFrom(0o644, 0o755, 0o600, 0o4755, 0o2750, 0o1777),
      uid: fc.constantFrom(0, 1000, 70_000, 3_000_000),
      mtime: fc.integer({ min: 0, max: 2_000_000_000 }),
      target: fc.constantFrom("a", "../b", "/etc/passwd", "c d/h", "../../../../tmp", "."),
      size: fc.constantFrom(0, 1, 511, 512, 513, 70_000),
    }),
    { minLength: 1, maxLength: 24, selector: ({ parents, base }) => [...parents, base].join("/") },
  )
  .map((entries) => {
    const made: Entry[] = [];
    const files = new Map<string, Entry>();
    const isBelow = (path: string, other: string): boolean => path.startsWith(`${other}/`);
    const taken = new Map<string, string>();
    for (const { parents, base, kind, mode, uid, mtime, target, size } of entries) {
      const path = [...parents, base].join("/");
      // Nothing below a file or a link, and no directory that was something else before.
      const clashes = [...taken].some(
        ([other, what]) =>
          (isBelow(path, other) && what !== "directory") || (isBelow(other, path) && kind !== "directory"),
      );
      if (clashes) continue;
      const header = { mode, uid, gid: uid, mtime: new Date(mtime * 1000) };
      if (kind === "whiteout") {
        made.push({ name: [...parents, `.wh.${base}`].join("/"), content: "", mode: 0, mtime: new Date(0) });
      } else if (kind === "link") {
        const [to] = files;
        if (!to) continue;
        // Its header may say something else than that of its file.
        const own =
          size > 500 ? header : { mode: to[1].mode, uid: to[1].uid, gid: to[1].gid, mtime: to[1].mtime };
        made.push({ name: path, ...(own as Partial<Entry>), type: "link", linkname: to[0], content: "" });
      } else {
        const entry: Entry = {
          name: path,
          ...header,
          type: kind,
          ...(kind === "file" && { content: "x".repeat(size) }),
          ...(kind === "symlink" && { linkname: target }),
          ...(kind === "character-device" && { devmajor: 1, devminor: 3 }),
        };
        made.push(entry);
        if (kind === "file") files.set(path, entry);
      }
      taken.set(path, kind);
    }
    return made;
  });

/** Some directory has its entry after its content. */
function isLate(entries: readonly Entry[]): boolean {
  return entries.some(
    ({ name, type }, index) =>
      type === "directory" && entries.slice(0, index).some((other) => other.name.startsWith(`${name}/`)),
  );
}

const file = (name: string, more: Partial<Entry> = {}): Entry => ({ name, content: "x", ...more });
const directory = (name: string): Entry => ({ name, type: "directory", mode: 0o755 });
const link = (name: string, linkname: string, more: Partial<Entry> = {}): Entry => ({
  name,
  type: "symlink",
  linkname,
  content: "",
  ...more,
});
const hardLink = (name: string, linkname: string, more: Partial<Entry> = {}): Entry =>
  link(name, linkname, { type: "link", ...more });

const capability = Buffer.from("0100000200200000000000000000000000000000", "hex").toString();
const capable = { mode: 0o755, pax: { "SCHILY.xattr.security.capability": capability } };

/** Layers in which the order of entries matters, or the way from a name to its file. */
const unusual: readonly (readonly Entry[])[] = [
  [link("l", "/x"), file("/l")],
  [file("f"), link("/f", "x")],
  [file("f"), hardLink("g", "f"), file("/g", { content: "other" })],
  [directory("e"), link("d", "e"), file("d/f")],
  [directory("e"), link("d", "/e"), file("d/f"), directory("d/g"), file("d/g/h")],
  [directory("e"), file("e/f"), link("d", "e"), hardLink("h", "d/f"), hardLink("d/i", "e/f")],
  [directory("e"), file("e/../f"), file("e/../e/g")],
  [file("c", { mode: 0o755 }), hardLink("c-too", "c", capable)],
  [file("c", capable), hardLink("c-too", "c", { mode: 0o755 })],
  [file("before-1970", { pax: { mtime: "-86400.5" } }), link("link", "x", { pax: { mtime: "-5" } })],
];

interface Verified {
  readonly faults: readonly object[];
  readonly notes: readonly { readonly path?: string }[];
  readonly layers: { readonly total: number; readonly proven: number };
}

const generated = fc.sample(layer, { numRuns: 60, seed: 7 }).filter((entries) => entries.length > 0);
assert.ok(generated.some(isLate), "a directory after its content is among them");

for (const { title, prefix, layers } of [
  { title: "generated layers", prefix: "generated", layers: generated },
  { title: "unusual layers", prefix: "unusual", layers: unusual },
]) {
  describe(title, () => {
    /** One for each layer: containerd unpacks a layer onto those below it, and refuses a name below a lower file. */
    let images: RegistryImage[];
    before(async () => {
      const tars = await Promise.all(layers.map((entries) => layerTar([...entries])));
      images = [];
      for (const [index, tar] of tars.entries()) images.push(await pushLayers(`${prefix}-${index}`, [tar]));
    });
    after(cleanUp);

    const args = ["--push", "--build-arg", "LARDER_LAYERS=100"];
    const preload = (): string => `PRELOAD ${images.map(({ reference }) => reference).join(" ")}\n`;

    for (const [name, stage] of [
      ["Docker, overlay2", `FROM ${lab.system}\n`],
      ["Docker, containerd", dockerStage("28.5", "containerd")],
      ["containerd", `FROM ${labImage("containerd:2.1")}\n`],
    ] as const) {
      it(`come out as ${name} unpacks them`, async () => {
        const [direct, daemon] = [await layersBy("direct", stage), await layersBy("daemon", stage)];
        assert.equal(direct.size, images.length);
        assert.deepEqual(direct, daemon);
      });
    }

    it("have no fault for larder verify", async () => {
      const tag = labImage(`e2e/${prefix}-verified:1`);
      await build({ dockerfile: `FROM ${lab.system}\n${preload()}`, tag, args });
      const { images: verified } = await larderJson<{ images: Verified[] }>([
        "verify",
        "--insecure",
        `docker://${tag}`,
      ]);
      const [found] = verified;
      assert.deepEqual(found?.faults, []);
      const lost = layers === unusual ? ["/f"] : [];
      assert.deepEqual(
        found?.notes.map(({ path = "" }) => path.replace(/.*\/fs/, "")),
        lost,
      );
      assert.deepEqual(found?.layers, { total: images.length, proven: images.length - lost.length });
    });

    /** The outer layers by their lines of history. */
    async function layersBy(via: Via, stage: string): Promise<Map<string, string | undefined>> {
      const tag = labImage(`e2e/${prefix}-${via}:1`);
      await build({ dockerfile: stage + preload(), tag, via, args });
      const { history, diffIds } = await registryImage(tag);
      const entries = history.filter(({ empty_layer }) => empty_layer !== true);
      return new Map(
        entries.flatMap(({ created_by = "" }, index) =>
          / layer \d+ of /.test(created_by) && !/ blob of /.test(created_by)
            ? [[created_by, diffIds[index]]]
            : [],
        ),
      );
    }
  });
}

describe("hostile layers", () => {
  after(cleanUp);

  const cases: readonly [what: string, entries: readonly Entry[], message: RegExp][] = [
    ["a name that leads out", [file("../out")], /has the entry \.\.\/out, a name with "\.\."/],
    [
      "a file through a link that leads out",
      [link("o", "/tmp"), file("o/x")],
      /has the entry o\/x below a link/,
    ],
    [
      "a file through a link to above",
      [link("o", "../../.."), file("o/x")],
      /has the entry o\/x below a link/,
    ],
    [
      "a hard link to the outside",
      [hardLink("h", "/etc/shadow")],
      /has a hard link h to .*not in the same layer/,
    ],
    ["two entries of one name", [file("a"), file("a")], /has two entries of one name/],
    [
      "a whiteout of what it adds",
      [file("a"), file(".wh.a", { content: "" })],
      /deletes a, which it has itself/,
    ],
    [
      "a whiteout of a directory that only its files name",
      [file(".wh.a", { content: "" }), file("a/b")],
      /deletes a, which it has itself/,
    ],
    [
      "a whiteout's device",
      [{ name: "d", type: "character-device", devmajor: 0, devminor: 0 }],
      /device 0\/0 at d/,
    ],
  ];
  for (const [what, entries, message] of cases) {
    it(`${what}: refused, with image, layer and line`, async () => {
      const name = `hostile-${what.replace(/[^a-z]+/g, "-")}`;
      const { reference } = await pushLayers(name, [
        await layerTar([file("first")]),
        await layerTar(entries),
      ]);
      const shows = `PRELOAD ${reference}`;
      const said = await refusal({ dockerfile: `FROM ${lab.system}\n${shows}\n`, shows, via: "direct" });
      assert.match(
        said.message,
        new RegExp(`^PRELOAD: image "${reference}": its layer sha256:[0-9a-f]{64} `),
      );
      assert.match(said.message, message);
    });
  }
});

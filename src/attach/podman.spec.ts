import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { mkdir } from "node:fs/promises";
import { type DiffId, hexOf } from "../image/digest.js";
import { CatalogFiles } from "../shelf/catalog-files.js";
import { formatWhiteouts } from "../shelf/whiteouts.js";
import { describe as describePodman } from "../stores/podman/describe.js";
import { layerIdOf } from "../stores/podman/ids.js";
import { emptyModel as emptyPodman } from "../stores/podman/model.js";
import { write as writePodman } from "../stores/podman/write.js";
import type { DescribedImage } from "../stores/store.js";
import { blobOf, eachShell, imageIdOf, moveTo, program, type TestImage, whiteouts } from "./testing.js";

const one: DiffId = `sha256:${"1".repeat(64)}`;
const two: DiffId = `sha256:${"2".repeat(64)}`;
const redis: TestImage = { name: "library/redis:7", diffIds: [one, two] };
const name = "docker.io/library/redis:7";

interface Record {
  readonly id: string;
  readonly names?: readonly string[];
  readonly layer?: string;
  readonly parent?: string;
}

eachShell("attach to Podman's store", "podman", (bench) => {
  let root = "";
  beforeEach(async () => {
    root = bench.root;
    await writePodmanShelf(`${bench.work}/shelf`, [redis]);
  });
  const attach = (env: NodeJS.ProcessEnv = {}, shelf = "shelf") =>
    bench.attach(env, ["--root", root, "images"], shelf);
  const read = (what: "layers" | "images"): Record[] =>
    JSON.parse(fs.readFileSync(`${root}/overlay-${what}/${what}.json`, "utf8"));
  const write = (what: "layers" | "images", records: readonly object[]): void => {
    fs.mkdirSync(`${root}/overlay-${what}`, { recursive: true });
    fs.writeFileSync(`${root}/overlay-${what}/${what}.json`, JSON.stringify(records));
  };
  const bottom = hexOf(one);
  const top = layerIdOf(two, bottom);
  const hex = (image: TestImage): string => hexOf(imageIdOf(image));
  const namesOf = (id: string) => read("images").find((image) => image.id === id)?.names;
  const tree = (): string =>
    execFileSync(
      "sh",
      ["-c", "find . -printf '%p %y %m %l\\n' | grep -v checked | sort; cat overlay-*/*.json"],
      {
        cwd: root,
        encoding: "utf8",
      },
    );
  /** As after a start of the container. */
  const restart = (): void => {
    for (const file of fs.readdirSync(`${root}/larder`).filter((file) => file.startsWith("checked.")))
      fs.rmSync(`${root}/larder/${file}`);
  };

  it("links a fresh store to the shelf, once, and says nothing after that", () => {
    const { said, code } = attach();
    assert.match(said, /^larder: attached 1 image \(2 layers\) to .*data root by link in \d+\.\d\d s\n$/);
    assert.equal(code, 0);
    assert.deepEqual(
      read("layers").map(({ id, parent }) => [id, parent]),
      [
        [bottom, undefined],
        [top, bottom],
      ],
    );
    assert.deepEqual(namesOf(hex(redis)), [name]);
    assert.equal(fs.readFileSync(`${root}/overlay/${top}/diff/file`, "utf8"), two);
    for (const deleted of ["deleted", "odd \u00e4\n/x"])
      assert.ok(
        fs.lstatSync(`${root}/overlay/${top}/whiteouts/diff/${deleted}`).isCharacterDevice(),
        deleted,
      );
    for (const lower of fs.readFileSync(`${root}/overlay/${top}/lower`, "utf8").split(":"))
      assert.ok(fs.statSync(`${root}/overlay/${lower}`).isDirectory(), lower);
    for (const lower of fs.readFileSync(`${root}/overlay/${top}/lower-layers`, "utf8").split(":"))
      assert.ok(fs.statSync(`${root}/overlay/${lower}/diff`).isDirectory(), lower);
    assert.equal(attach().said, "");
    restart();
    assert.equal(attach().said, "");
  });

  it("gives the same wherever it was killed before", () => {
    attach();
    const whole = tree();
    for (const lost of [
      "",
      "overlay-images/images.json",
      "overlay-images overlay-layers/layers.json",
      "overlay-images overlay-layers overlay/l",
      `overlay-images overlay-layers overlay/${top}`,
    ]) {
      // The references are written before the images.
      const forget = "find larder -type f ! -name references -delete";
      execFileSync("sh", ["-c", `${forget}; rm -rf ${lost}`], { cwd: root });
      assert.equal(attach().code, 0, lost);
      assert.equal(tree(), whole, lost);
    }
  });

  it("leaves the user's records as they are, and the user's names with their images", () => {
    const layer = { id: "a".repeat(64), created: "2020-01-01T00:00:00Z" };
    const odd = {
      id: "b".repeat(64),
      digest: "sha256:x",
      names: [name, "x/y:1"],
      metadata: '{"id":"no",[]}',
    };
    const nameless = { id: "c".repeat(64), digest: "sha256:y", layer: layer.id };
    write("layers", [layer]);
    write("images", [odd, nameless]);
    assert.equal(attach().code, 0);
    assert.deepEqual(read("layers")[0], layer);
    assert.deepEqual(read("images").slice(0, 2), [odd, nameless]);
    assert.equal(namesOf(hex(redis)), undefined);
    assert.equal(read("images").length, 3);
  });

  it("gives names to an image that the user has already", () => {
    const pulled = { id: hex(redis), digest: "sha256:x", names: ["mine:1"], layer: "a".repeat(64) };
    write("layers", [{ id: "a".repeat(64) }]);
    write("images", [{ id: "d".repeat(64) }, pulled, { id: "e".repeat(64) }]);
    attach();
    assert.deepEqual(namesOf(hex(redis)), [name, "mine:1"]);
    assert.deepEqual(
      read("images").map(({ id }) => id),
      ["d".repeat(64), hex(redis), "e".repeat(64)],
    );
  });

  it("moves a name that it has set to the image of a newer system image", async () => {
    attach();
    const newer: TestImage = { ...redis, diffIds: [one] };
    await writePodmanShelf(`${bench.work}/newer`, [newer]);
    attach({}, "newer");
    assert.deepEqual(namesOf(hex(newer)), [name]);
    assert.notDeepEqual(namesOf(hex(redis)), [name]);
  });

  it("removes what another system image left, sets aside what stands on it, and brings that back", async () => {
    attach();
    const own = { id: "f".repeat(64), parent: top };
    fs.mkdirSync(`${root}/overlay/${own.id}/diff`, { recursive: true });
    fs.writeFileSync(`${root}/overlay/${own.id}/link`, "OWN");
    fs.mkdirSync(`${root}/overlay-images/${"9".repeat(64)}`);
    write("layers", [...read("layers"), own]);
    write("images", [...read("images"), { id: "9".repeat(64), names: ["own:1"], layer: own.id }]);
    const other: TestImage = { name: "library/other:1", diffIds: [`sha256:${"3".repeat(64)}`] };
    await writePodmanShelf(`${bench.work}/other`, [other]);
    fs.renameSync(`${bench.work}/shelf`, `${bench.work}/away`);
    attach({}, "other");
    assert.deepEqual(
      read("images").map(({ id }) => id),
      [hex(other)],
    );
    assert.deepEqual(fs.readdirSync(`${root}/overlay`).sort(), [hexOf(other.diffIds[0] ?? ""), "l"].sort());
    fs.renameSync(`${bench.work}/other`, `${bench.work}/gone`);
    fs.renameSync(`${bench.work}/away`, `${bench.work}/shelf`);
    attach();
    assert.deepEqual(namesOf("9".repeat(64)), ["own:1"]);
    assert.deepEqual(namesOf(hex(redis)), [name]);
    assert.ok(fs.existsSync(`${root}/overlay/${own.id}/diff`));
    assert.equal(fs.existsSync(`${root}/larder/aside`), false);
  });

  it("makes again what is lost, and not what Podman has removed", () => {
    attach();
    const whole = tree();
    execFileSync("sh", ["-c", `rm -r overlay/l/* overlay/${top}/whiteouts overlay/${bottom}/link`], {
      cwd: root,
    });
    restart();
    assert.match(
      attach().said,
      /^larder: had attached 1 image \(2 layers\) to .* before, and mended 2 layers\n$/,
    );
    assert.equal(tree(), whole);
    write("layers", []);
    write("images", []);
    fs.rmSync(`${root}/overlay/${top}`, { recursive: true });
    restart();
    assert.equal(attach().said, "");
    assert.equal(fs.existsSync(`${root}/overlay/${top}`), false);
  });

  it("copies, and the store then needs nothing of the shelf", () => {
    assert.match(attach({ LARDER_ATTACH: "copy" }).said, / by copy in /);
    const links = execFileSync("find", [root, "-lname", `${bench.work}/*`], { encoding: "utf8" });
    assert.equal(links, "");
    assert.equal(fs.readFileSync(`${root}/overlay/${top}/diff/file`, "utf8"), two);
    assert.equal(attach({ LARDER_ATTACH: "off" }).said, "");
  });

  it("finds the root and the driver as Podman does", () => {
    const conf = `${bench.work}/storage.conf`;
    const env = { CONTAINERS_STORAGE_CONF: conf };
    fs.writeFileSync(
      conf,
      `graphroot = "/no"\n[storage]\ndriver = "overlay"\n graphroot = "${bench.work}/conf" # x\n[x]\ndriver = "y"\n`,
    );
    assert.match(bench.attach(env, ["images"]).said, /\/conf by link/);
    const flags = ["--log-level", "debug", `--root=${bench.work}/flag`, "run", "--root", "/no"];
    assert.match(bench.attach(env, flags).said, /\/flag by link/);
    fs.writeFileSync(conf, `[storage]\ndriver = 'vfs'\ngraphroot = "${bench.work}/other"\n`);
    const { said, code } = bench.attach(env, ["images"]);
    assert.match(said, /^larder: podman keeps images with the driver vfs \(driver in .*storage\.conf\)/);
    assert.equal(code, 1);
    assert.equal(bench.attach(env, ["images"]).said, "", "one line is enough");
  });

  it("refuses a list of another form", () => {
    fs.mkdirSync(`${root}/overlay-layers`, { recursive: true });
    fs.writeFileSync(`${root}/overlay-layers/layers.json`, "{}");
    const { said, code } = attach();
    assert.match(said, /has a form that is not known; podman runs without them\n$|^$/);
    assert.equal(code, 1);
    assert.equal(fs.readFileSync(`${root}/overlay-layers/layers.json`, "utf8"), "{}");
  });
});

/** A shelf with images for Podman. */
async function writePodmanShelf(shelf: string, images: readonly TestImage[]): Promise<void> {
  const tar = { size: 1024, uids: [0], gids: [0] };
  const described = images.map(describePodmanImage);
  const tars = new Map(images.flatMap(({ diffIds }) => diffIds.map((diffId) => [diffId, tar] as const)));
  const podmanModel = describePodman(described, emptyPodman, tars);
  await mkdir(`${shelf}-scratch`, { recursive: true });
  const entries = await writePodman(podmanModel, {
    images: described,
    earlier: emptyPodman,
    layers: { whiteouts: async () => whiteouts },
    tarSplitFile: () => program,
    scratch: `${shelf}-scratch`,
  });
  const files = new CatalogFiles();
  files.add(
    "catalog/podman",
    entries.map((entry) => moveTo(shelf, entry)),
  );
  for (const diffId of tars.keys()) {
    files.addFile(`layers/${hexOf(diffId)}/fs/file`, diffId);
    files.addFile(`layers/${hexOf(diffId)}/whiteouts`, formatWhiteouts(whiteouts));
  }
  await files.write(shelf);
}

function describePodmanImage(image: TestImage): DescribedImage {
  const digest = imageIdOf(image);
  const blob = (diffId: DiffId) => ({ mediaType: "gzip", digest: blobOf(diffId), size: 1 });
  const [path = "", tag] = image.name.split(":");
  return {
    reference: { domain: "docker.io", path, digest, ...(tag !== undefined && { tag }) },
    platform: { os: "linux", architecture: "amd64" },
    imageId: digest,
    diffIds: image.diffIds,
    config: Buffer.from("{}"),
    manifest: { config: { mediaType: "json", digest, size: 1 }, layers: image.diffIds.map(blob) },
    manifestDigest: digest,
    manifestBytes: Buffer.from("{}"),
    target: Buffer.from("{}"),
    layers: image.diffIds.map((_, index) => ({ size: 1, hides: index > 0, hasXattrs: false })),
  };
}

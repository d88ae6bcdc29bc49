/** An image that no builder would write but that registries hold: its layers come from other tools. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { output } from "../harness/command.js";
import { lab, labImage } from "../harness/lab.js";
import { type RegistryImage, registryImage } from "../harness/registry-image.js";

export interface Entry extends Partial<Header> {
  readonly name: string;
  readonly content?: string;
  readonly pax?: Readonly<Record<string, string>>;
}

const entry = (name: string, header: Partial<Entry>): Entry => ({
  name,
  mtime: new Date(1_234_567_890_000),
  ...header,
});
const file = (name: string, header: Partial<Entry> = {}) => entry(name, { content: `${name}\n`, ...header });
const directory = (name: string, header: Partial<Entry> = {}) =>
  entry(name, { type: "directory", mode: 0o755, ...header });
const whiteout = (name: string) => file(name, { content: "", mode: 0 });

const capability = Buffer.from("0100000200200000000000000000000000000000", "hex").toString();
/** The header of a file with a capability. */
export const capable = { mode: 0o755, pax: { "SCHILY.xattr.security.capability": capability } };

const layers: readonly (readonly Entry[])[] = [
  [
    ...["deleted", "opaque", "opaque/sub", "marked-first", "swap-directory", "devices"].map((name) =>
      directory(name),
    ),
    ...["deleted/old", "deleted/stays", "opaque/x", "opaque/sub/y", "marked-first/x", "swap-directory/x"].map(
      (name) => file(name),
    ),
    file("implied/directories/file"),
    file("implied/directories/stays"),
    file("./dotted/file"),
    file("/absolute/file"),
    file("swap-file"),
    entry("devices/null", { type: "character-device", mode: 0o666, devmajor: 1, devminor: 3 }),
    entry("devices/loop", { type: "block-device", mode: 0o660, devmajor: 7, devminor: 0 }),
    file("owner", { pax: { uid: "4000000", gid: "3000000" } }),
    file("half-a-second", { pax: { mtime: "1234567890.5" } }),
    file("before-1970", { pax: { mtime: "-86400" } }),
    file("after-2038", { pax: { mtime: "4102444800" } }),
    file("capable", capable),
    // The unpacker sets the link's owner, too, and the kernel then drops the capability: the link repeats it.
    entry("capable-too", { type: "link", linkname: "capable", ...capable }),
    file(`long-${"x".repeat(120)}/${"y".repeat(120)}`),
  ],
  [
    whiteout("deleted/.wh.old"),
    file("opaque/new"),
    whiteout("opaque/.wh..wh..opq"),
    whiteout("marked-first/.wh..wh..opq"),
    directory("marked-first", { mode: 0o700, uid: 7 }),
    file("marked-first/new"),
    whiteout("implied/directories/.wh.file"),
    whiteout(".wh.never-there"),
    directory(".wh..wh.plnk"),
    directory("swap-file"),
    file("swap-file/x"),
    file("swap-directory"),
  ],
  [],
  [file("deleted/old", { content: "again" }), file("opaque/x", { content: "again" })],
];

/** Directories with content for which the topmost tar has no entry. Their time is that of the unpacking. */
export const impliedDirectories = [
  "deleted",
  "opaque",
  "implied",
  "implied/directories",
  "dotted",
  "absolute",
  `long-${"x".repeat(120)}`,
];

export async function pushHandMade(): Promise<RegistryImage> {
  return pushLayers("hand-made", await Promise.all(layers.map(layerTar)));
}

/** Pushes an image of these layers as `<registry>/e2e/<name>:1`. @param tars uncompressed, bottom layer first. */
export async function pushLayers(name: string, tars: readonly Buffer[]): Promise<RegistryImage> {
  const layout = mkdtempSync(join(tmpdir(), "larder-hand-made-"));
  try {
    mkdirSync(`${layout}/blobs/sha256`, { recursive: true });
    const platform = { os: "linux", architecture: "amd64" };
    const rootfs = { type: "layers", diff_ids: tars.map(digestOf) };
    const config = blob(layout, "config", JSON.stringify({ ...platform, config: {}, rootfs }));
    const manifest = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config,
      layers: tars.map((tar) => blob(layout, "layer", gzipSync(tar))),
    };
    const index = { schemaVersion: 2, manifests: [blob(layout, "manifest", JSON.stringify(manifest))] };
    writeFileSync(`${layout}/index.json`, JSON.stringify(index));
    writeFileSync(`${layout}/oci-layout`, '{"imageLayoutVersion": "1.0.0"}');
    const reference = labImage(`e2e/${name}:1`);
    const flags = ["--insecure-policy", "copy", "--dest-tls-verify=false", "--preserve-digests"];
    await output(lab.skopeo, [...flags, `oci:${layout}`, `docker://${reference}`]);
    return registryImage(reference);
  } finally {
    rmSync(layout, { recursive: true });
  }
}

export async function layerTar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry(header as Header, content ?? "");
  archive.finalize();
  return buffer(archive);
}

const mediaTypes = {
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  manifest: "application/vnd.oci.image.manifest.v1+json",
};

function blob(layout: string, kind: keyof typeof mediaTypes, content: string | Buffer) {
  const digest = digestOf(content);
  writeFileSync(`${layout}/blobs/sha256/${digest.slice("sha256:".length)}`, content);
  return { mediaType: mediaTypes[kind], digest, size: Buffer.byteLength(content) };
}

function digestOf(content: string | Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

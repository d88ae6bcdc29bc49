/** System images for specs: the agent's own code unpacks, describes and writes; only `tar-split` has a stand-in. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import {
  type DescribeInputs,
  describeForContainerd,
  describeForOverlay2,
  describeForPodman,
} from "../../agent/catalog/describe.js";
import type { DescribedStore } from "../../agent/catalog/described-store.js";
import { LayerRecords } from "../../agent/catalog/layer-records.js";
import { type LayoutImage, readLayoutImage } from "../../agent/layout-image.js";
import { endOfTar, formatHeader, type PackedEntry, padding } from "../../agent/pack/tar-header.js";
import { shelve } from "../../agent/shelve.js";
import { applyLinks } from "../../agent/unpack/apply-links.js";
import { makeImplied } from "../../agent/unpack/implied.js";
import { recordFolder, writeLayerRecord } from "../../agent/unpack/layer-record.js";
import type { ByteString } from "../../files/bytes.js";
import { readOptions } from "../../files/tree.js";
import { measureTree } from "../../files/usage.js";
import type { HistoryEntry } from "../../image/config.js";
import { type DiffId, type Digest, digestOf } from "../../image/digest.js";
import type { InnerImage } from "../../image/inner-image.js";
import { blobFile } from "../../image/oci-layout.js";
import { parseReference } from "../../image/reference.js";
import { readTarSplit } from "../../stores/overlay2/tar-split.js";
import { attachParts, type StoreName } from "../../stores/table.js";
import { chunksOf } from "../../testing.js";
import { CatalogFiles } from "../catalog-files.js";
import { formatLabel, preloadLabel } from "../label.js";
import { finishLayerFolder } from "../layer-folder.js";
import { onShelf, shelf } from "../paths.js";
import { formatPreload, mergePreload, type Preload } from "../preload-file.js";
import { showPath } from "../whiteouts.js";
import type { Programs } from "./check-programs.js";
import { crc64 } from "./crc64.js";
import type { ImageToVerify } from "./image-to-verify.js";

export interface Entry extends Partial<PackedEntry> {
  /** In UTF-8. */
  readonly name: ByteString;
  readonly content?: string;
}

export interface MadeLayer {
  readonly tar: Buffer;
  readonly tarSplit: Buffer;
  readonly diffId: DiffId;
}

/** A tar with these entries in their order, and Docker's record of it. */
export async function makeLayer(entries: readonly Entry[]): Promise<MadeLayer> {
  const tar: Buffer[] = [];
  const record: object[] = [];
  const segment = (bytes: Buffer): void => {
    tar.push(bytes);
    record.push({ type: 2, payload: bytes.toString("base64"), position: record.length });
  };
  let fill = Buffer.alloc(0);
  for (const { content = "", ...entry } of entries) {
    const bytes = Buffer.from(content);
    const size = BigInt(bytes.length);
    const common = { type: "file", mode: 0o644n, uid: 0n, gid: 0n, mtime: 1_600_000_000n } as const;
    segment(Buffer.concat([fill, formatHeader({ ...common, ...entry, size })]));
    const payload = size > 0n ? await crc64(chunksOf(bytes)) : null;
    const name = showPath(entry.name);
    record.push({ type: 1, name, size: bytes.length, payload, position: record.length });
    tar.push(bytes);
    fill = Buffer.from(padding(size));
  }
  segment(Buffer.concat([fill, endOfTar]));
  const whole = Buffer.concat(tar);
  const lines = record.map((part) => `${JSON.stringify(part)}\n`).join("");
  return { tar: whole, tarSplit: gzipSync(lines), diffId: String(digestOf(whole)) };
}

export const directory = (name: string, more: Partial<Entry> = {}): Entry => ({
  name,
  type: "directory",
  mode: 0o755n,
  ...more,
});

/** A system image whose outer layers are folders, so that a spec can change them. */
export class MadeSystem {
  readonly work = mkdtempSync(`${tmpdir()}/larder-verify-spec-`);
  readonly layout = `${this.work}/layout`;
  /** The folder of each outer layer, the bottom one first. */
  readonly outer: string[] = [];
  readonly history: HistoryEntry[] = [];
  readonly labels: Record<string, string> = {};
  readonly #layers = new Map<DiffId, MadeLayer>();
  readonly #onShelf = new Map<DiffId, string>();
  readonly #packed = new Map<string, Buffer>();
  #preload: Preload = { version: 1, images: [] };

  constructor() {
    mkdirSync(`${this.layout}/blobs/sha256`, { recursive: true });
    this.addOuter("FROM docker");
  }

  /** @returns the folder of a new outer layer on top. */
  addOuter(created_by: string, script = ""): string {
    const folder = `${this.work}/outer-${this.outer.length}`;
    mkdirSync(folder);
    this.outer.push(folder);
    this.history.push({ created_by, ...(created_by.startsWith("PRELOAD ") && { comment: "larder" }) });
    if (script !== "") this.change(folder, script);
    return folder;
  }

  /** Runs a script in a folder. */
  change(folder: string, script: string): void {
    execFileSync("sh", ["-ec", script], { cwd: folder });
  }

  /** The outer layer with the files of an inner layer. */
  folderOf(diffId: DiffId): string {
    return this.#onShelf.get(diffId) ?? "";
  }

  /** The layer's files. */
  filesOf(diffId: DiffId): string {
    return `${this.folderOf(diffId)}/${filesIn(diffId)}`;
  }

  /** The outer layer with the catalog. */
  get catalog(): string {
    return this.outer.findLast((_, index) => this.history[index]?.created_by?.endsWith(", catalog")) ?? "";
  }

  image(name: string, layers: readonly MadeLayer[]): InnerImage {
    const put = (bytes: Buffer): Digest => {
      const digest = digestOf(bytes);
      writeFileSync(blobFile(this.layout, digest), bytes);
      return digest;
    };
    const diffIds = layers.map(({ diffId }) => diffId);
    const platform = { os: "linux", architecture: "amd64" };
    const imageId = put(
      Buffer.from(JSON.stringify({ ...platform, rootfs: { type: "layers", diff_ids: diffIds } })),
    );
    const blobs = layers.map((layer) => {
      this.#layers.set(layer.diffId, layer);
      const blob = gzipSync(layer.tar);
      const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
      return { mediaType, digest: put(blob), size: blob.length };
    });
    const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: imageId, size: 1 };
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const manifest = put(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: blobs })));
    return { reference: { ...parseReference(name), digest: manifest }, platform, imageId, diffIds };
  }

  /** What a PRELOAD adds. @param blobs as its option: containerd's store has them on the shelf. */
  async preload(images: readonly InnerImage[], stores: readonly StoreName[], blobs = true): Promise<void> {
    const stage = this.#merge();
    const added = [...new Set(images.flatMap(({ diffIds }) => diffIds))].filter(
      (id) => !this.#onShelf.has(id),
    );
    for (const diffId of added) await this.#unpack(diffId, nameOf(images, diffId));
    const records = new LayerRecords(
      [...this.#onShelf.keys()].map((diffId) => [diffId]),
      { recordOf: () => `${this.work}/records`, layerOf: (k) => [...this.#onShelf.values()][k] ?? "" },
      `${stage}/${shelf}`,
    );
    const loaded = await Promise.all(images.map((image) => readLayoutImage(image, this.layout)));
    const names = images.map(({ reference }) => `${reference.path}:${reference.tag}`).join(" ");
    if (stores.includes("containerd") && blobs) await this.#shelve(loaded, names);
    const files = new CatalogFiles();
    for (const store of stores) {
      mkdirSync(`${this.work}/scratch-${this.outer.length}/${store}`, { recursive: true });
      const scratch = `${this.work}/scratch-${this.outer.length}/${store}`;
      const inputs = { images: loaded, records, shelf: `${stage}/${shelf}`, scratch };
      const described = await describeFor(store, inputs, blobs);
      files.add(`${shelf}/${onShelf.catalog(store)}`, await described.catalog());
      const { namespace } = described;
      this.#preload = mergePreload(this.#preload, images, {
        store,
        ...(namespace !== undefined && { namespace }),
      });
    }
    files.addFile(`${shelf}/${onShelf.preload}`, formatPreload(this.#preload));
    files.addFile(`${shelf}/answer.json`, "{}\n");
    addPrograms(files);
    await files.write(this.addOuter(`PRELOAD ${names}, catalog`));
    this.labels[preloadLabel] = formatLabel(this.#onShelf.size);
    rmSync(stage, { recursive: true });
  }

  /** The image as it is now. Each layer is packed once. */
  build(): ImageToVerify {
    return this.#image(this.outer.map((folder) => this.#pack(folder)));
  }

  /** The image with a change in one outer layer, which stays as it is. @param below Path in the layer. */
  buildWith(folder: string, script: string, below = "."): ImageToVerify {
    const copy = `${this.work}/changed`;
    execFileSync("cp", ["-a", folder, copy]);
    this.change(`${copy}/${below}`, script);
    const tar = packOuter(copy);
    rmSync(copy, { recursive: true });
    return this.#image(this.outer.map((other) => (other === folder ? tar : this.#pack(other))));
  }

  /** The image with one more outer layer. */
  buildOn(script: string): ImageToVerify {
    const tars = this.outer.map((folder) => this.#pack(folder));
    const folder = `${this.work}/on-top`;
    mkdirSync(folder);
    this.change(folder, script);
    const tar = packOuter(folder);
    rmSync(folder, { recursive: true });
    return this.#image([...tars, tar]);
  }

  #pack(folder: string): Buffer {
    const tar = this.#packed.get(folder) ?? packOuter(folder);
    this.#packed.set(folder, tar);
    return tar;
  }

  #image(tars: readonly Buffer[]): ImageToVerify {
    const layers = tars.map((tar) => ({ diffId: String(digestOf(tar)) }));
    const openLayer = async (index: number) => chunksOf(tars[index] ?? Buffer.alloc(0), 50_000);
    const config = {
      config: { Labels: this.labels },
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
      history: [...this.history, ...tars.slice(this.history.length).map(() => ({ created_by: "RUN" }))],
    };
    return { config, layers, openLayer };
  }

  remove(): void {
    rmSync(this.work, { recursive: true });
  }

  /** The steps of the agent's `unpackLayer`. */
  async #unpack(diffId: DiffId, origin: string): Promise<void> {
    const layer = this.#layers.get(diffId);
    if (!layer) throw new Error(`no image has ${diffId}`);
    const output = this.addOuter(`PRELOAD ${origin}, ${diffId}`);
    this.#onShelf.set(diffId, output);
    const files = this.filesOf(diffId);
    mkdirSync(files, { recursive: true });
    const options = ["--extract", "--exclude=.wh.*", ...readOptions, "-C", files, "--file=-"];
    execFileSync("tar", options, { input: layer.tar });
    const record = recordFolder(`${this.work}/records`, diffId);
    mkdirSync(record, { recursive: true });
    writeFileSync(`${record}/tar-split.json.gz`, layer.tarSplit);
    const { links, implied, whiteouts, hasXattrs } = await readTarSplit(`${record}/tar-split.json.gz`);
    await applyLinks(links, files);
    await makeImplied(implied, files);
    const { size, usage } = await measureTree(files);
    await finishLayerFolder({ diffId, whiteouts }, output);
    await writeLayerRecord(record, { size, usage, hasXattrs, whiteouts });
  }

  async #shelve(images: readonly LayoutImage[], names: string): Promise<void> {
    const digests = [
      ...new Set(images.flatMap(({ manifest }) => manifest.layers.map(({ digest }) => digest))),
    ];
    const isThere = (digest: Digest): boolean =>
      this.outer.some((folder) => existsSync(`${folder}/${shelf}/${onShelf.blob(digest)}`));
    for (const digest of digests.filter((one) => !isThere(one))) {
      const output = this.addOuter(`PRELOAD ${names.split(" ")[0]}, blob of layer 1 of 1, ${digest}`);
      await shelve(
        { kind: "shelve", blobs: [digest] },
        { blob: () => blobFile(this.layout, digest), layer: () => output },
      );
    }
  }

  /** The shelf as a container sees it. */
  #merge(): string {
    const stage = `${this.work}/stage-${this.outer.length}`;
    mkdirSync(stage);
    for (const folder of this.outer) execFileSync("cp", ["-a", `${folder}/.`, stage]);
    return stage;
  }
}

function addPrograms(files: CatalogFiles): void {
  const from = new URL("../../attach/", import.meta.url);
  for (const name of ["attach", ...attachParts]) {
    const path = `${shelf}/${onShelf.bin}/${name}`;
    files.addFile(path, readFileSync(new URL(name, from)), name === "attach" ? 0o755 : 0o644);
  }
}

function nameOf(images: readonly InnerImage[], diffId: DiffId): string {
  const image = images.find(({ diffIds }) => diffIds.includes(diffId));
  const { reference, diffIds = [] } = image ?? {};
  return `${reference?.path}:${reference?.tag}, layer ${diffIds.indexOf(diffId) + 1} of ${diffIds.length}`;
}

/** As an engine's exporter: sorted, whole seconds, and capabilities. */
function packOuter(folder: string): Buffer {
  const options = [
    "--format=posix",
    "--sort=name",
    "--numeric-owner",
    "--xattrs",
    "--xattrs-include=security.capability",
    "--pax-option=exthdr.name=%d/%f,delete=atime,delete=ctime",
  ];
  return execFileSync("tar", [...options, "-C", folder, "-cf", "-", "."], { maxBuffer: 1 << 28 });
}

/** The layer's files, relative to the image's root. */
export function filesIn(diffId: DiffId): string {
  return `${shelf}/${onShelf.layerFiles(diffId)}`;
}

/** The programs in src/attach. */
export function ownPrograms(): Programs {
  const from = new URL("../../attach/", import.meta.url);
  return new Map(["attach", "shim", ...attachParts].map((name) => [name, readFileSync(new URL(name, from))]));
}

function describeFor(store: StoreName, inputs: DescribeInputs, blobs: boolean): Promise<DescribedStore> {
  switch (store) {
    case "overlay2":
      return describeForOverlay2(inputs);
    case "podman":
      return describeForPodman(inputs);
    case "containerd":
      return describeForContainerd(inputs, { namespace: "moby", layerBlobs: blobs ? "kept" : "known" });
  }
}

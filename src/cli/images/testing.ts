/** System images for specs: small, complete, in an OCI layout or an archive. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import type { HistoryEntry, ImageConfig } from "../../image/config.js";
import { type Digest, digestOf } from "../../image/digest.js";
import { blobPath } from "../../image/oci-layout.js";
import type { Platform } from "../../image/platform.js";

export type FileTree = Readonly<Record<string, string | Buffer>>;

export interface MadeLayer {
  readonly files: FileTree;
  /** `created_by`; a layer of the shelf has Larder's comment. */
  readonly history: string;
}

export interface MadeImage {
  readonly layers: readonly MadeLayer[];
  readonly platform?: Platform;
  readonly labels?: Readonly<Record<string, string>>;
  /** For the index of a layout. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Files of a layout by their paths. */
export type LayoutFiles = Map<string, Buffer>;

export async function makeTar(files: FileTree): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, content);
  archive.finalize();
  return buffer(archive);
}

/** An OCI layout with these images, each a manifest of its own. */
export async function makeLayout(images: readonly MadeImage[]): Promise<LayoutFiles> {
  const files: LayoutFiles = new Map([["oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')]]);
  const manifests = [];
  for (const image of images) {
    const digest = await addImage(files, image);
    const { annotations, platform } = image;
    const size = files.get(blobPath(digest))?.length;
    manifests.push({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest,
      size,
      ...(platform && { platform }),
      ...(annotations && { annotations }),
    });
  }
  files.set("index.json", Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
  return files;
}

async function addImage(files: LayoutFiles, image: MadeImage): Promise<Digest> {
  const { layers, platform = { os: "linux", architecture: "amd64" }, labels } = image;
  const tars = await Promise.all(layers.map((layer) => makeTar(layer.files)));
  const history: HistoryEntry[] = layers.map(({ history: created_by }) => ({
    created_by,
    ...(created_by.startsWith("PRELOAD ") && { comment: "larder" }),
  }));
  const config: ImageConfig = {
    ...platform,
    config: { ...(labels && { Labels: labels }) },
    rootfs: { type: "layers", diff_ids: tars.map(digestOf) },
    history: [{ created_by: "ENV A=b", empty_layer: true }, ...history],
  };
  const blobs = tars.map((tar) =>
    addBlob(files, gzipSync(tar), "application/vnd.oci.image.layer.v1.tar+gzip"),
  );
  const described = addBlob(
    files,
    Buffer.from(JSON.stringify(config)),
    "application/vnd.oci.image.config.v1+json",
  );
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: described,
    layers: blobs,
  };
  return addBlob(files, Buffer.from(JSON.stringify(manifest)), manifest.mediaType).digest;
}

function addBlob(files: LayoutFiles, bytes: Buffer, mediaType: string) {
  const digest = digestOf(bytes);
  files.set(blobPath(digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

/** A folder that is deleted after the tests of the present `describe`. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "larder-cli-"));
  after(() => rmSync(folder, { recursive: true }));
  return folder;
}

export function writeLayout(folder: string, files: LayoutFiles): string {
  for (const [path, content] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** Changes an image in an OCI layout as somebody who keeps all digests in order would. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

interface Described {
  mediaType: string;
  digest: string;
  size: number;
}

interface Config {
  config: { Labels: Record<string, string> };
  rootfs: { diff_ids: string[] };
  history: { created_by: string; empty_layer?: boolean }[];
}

/** An image as its parts. Layers are uncompressed tars, the bottom one first. */
export interface Parts {
  readonly config: Config;
  readonly layers: Buffer[];
}

/** The layer that this text of the history belongs to. */
export function layerOf(
  { config, layers }: Parts,
  text: RegExp,
): { readonly index: number; readonly tar: Buffer } {
  const entries = config.history.filter(({ empty_layer }) => !empty_layer);
  const index = entries.findIndex(({ created_by }) => text.test(created_by));
  const tar = layers[index];
  if (!tar) throw new Error(`no layer has the history ${text}`);
  return { index, tar };
}

/** @param folder A layout with one image, which is written anew. */
export function changeLayout(folder: string, change: (parts: Parts) => void): void {
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: Described[] };
  const [described] = index.manifests;
  if (!described) throw new Error(`${folder} has no image`);
  const manifest = JSON.parse(read(folder, described).toString()) as {
    config: Described;
    layers: Described[];
  };
  const parts: Parts = {
    config: JSON.parse(read(folder, manifest.config).toString()) as Config,
    layers: manifest.layers.map((layer) => gunzipSync(read(folder, layer))),
  };
  change(parts);
  parts.config.rootfs.diff_ids = parts.layers.map(digestOf);
  const written = {
    ...manifest,
    config: write(folder, manifest.config.mediaType, Buffer.from(JSON.stringify(parts.config))),
    layers: parts.layers.map((tar) =>
      write(folder, manifest.layers[0]?.mediaType ?? "", gzipSync(tar, { level: 1 })),
    ),
  };
  index.manifests = [write(folder, described.mediaType, Buffer.from(JSON.stringify(written)))];
  writeFileSync(join(folder, "index.json"), JSON.stringify(index));
}

/** Another mode for a file, in its header. @param path as the tar has it. */
export function withMode(tar: Buffer, path: string, mode: number): Buffer {
  const changed = Buffer.from(tar);
  const header = Array.from({ length: changed.length / 512 }, (_, block) =>
    changed.subarray(block * 512, block * 512 + 512),
  ).find((block) => nameOf(block) === path);
  if (!header) throw new Error(`the layer has no header for ${path}`);
  header.write(`${mode.toString(8).padStart(7, "0")}\0`, 100);
  header.write(" ".repeat(8), 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return changed;
}

function nameOf(header: Buffer): string {
  const field = (start: number, end: number): string =>
    header.toString("latin1", start, end).replace(/\0.*/s, "");
  const prefix = field(345, 500);
  return prefix === "" ? field(0, 100) : `${prefix}/${field(0, 100)}`;
}

function read(folder: string, { digest }: Described): Buffer {
  return readFileSync(join(folder, "blobs", digest.replace(":", "/")));
}

function write(folder: string, mediaType: string, bytes: Buffer): Described {
  const digest = digestOf(bytes);
  writeFileSync(join(folder, "blobs", digest.replace(":", "/")), bytes);
  return { mediaType, digest, size: bytes.length };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

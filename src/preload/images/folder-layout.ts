/**
 * `--build-context inner=./folder`: the folder holds an OCI layout with any number of images, each under its name. All
 * builders take folders; Docker with graph drivers knows no `oci-layout://`, and BuildKit before 0.28 gives no single
 * blob of one.
 */
import { parseConfig } from "../../image/config.js";
import { type Digest, isDigest } from "../../image/digest.js";
import type { InnerImage } from "../../image/inner-image.js";
import {
  type LayoutEntry,
  nameAnnotation,
  noRepoDigest,
  parseLayoutIndex,
  repoDigestAnnotation,
  shelvedLayersOf,
} from "../../image/layout-index.js";
import { type Manifest, manifestsByPlatform, parseManifestOrIndex } from "../../image/manifest.js";
import { blobPath } from "../../image/oci-layout.js";
import { formatPlatform, type Platform } from "../../image/platform.js";
import { type Reference, repositoryName } from "../../image/reference.js";
import { local } from "../../llb/source.js";
import type { Output } from "../../llb/state.js";
import { openOutput } from "../result.js";
import type { Builder } from "./client-layout.js";
import type { ImageSource } from "./image-source.js";

export interface FolderLayout {
  readonly entries: readonly LayoutEntry[];
  readonly files: Output;
  /** Reads a file, relative to the folder. */
  read(path: string): Promise<Buffer>;
}

/** @returns the client's name of a context that is a folder on its machine. */
export function folderOf(value: string): string | undefined {
  return /^local:(.+)$/s.exec(value)?.[1];
}

/**
 * @param name of the context. @param folder the client's name for it.
 * @returns undefined for a folder without a layout.
 */
export async function openFolderLayout(
  { bridge, options }: Builder,
  name: string,
  folder: string,
): Promise<FolderLayout | undefined> {
  const sessionId = options.frontend[`local-sessionid:${folder}`] ?? options.sessionId;
  const followPaths = ["oci-layout", "index.json", "blobs"];
  const files = local(`[context ${name}] load from client`, { name: folder, sessionId, followPaths });
  const read = await openOutput(bridge, files, "the folder is empty").catch(() => undefined);
  const index = await read?.("index.json").catch(() => undefined);
  if (!read || !index) return undefined;
  return { entries: parseLayoutIndex(index), files, read };
}

/**
 * The image of that name; a folder with one image alone gives it any name.
 * @throws Error that lists the names that there are, or tells what the image lacks.
 */
export async function takeFromFolder(
  { entries, files, read }: FolderLayout,
  reference: Reference,
  platform: Platform,
): Promise<{ image: InnerImage; source: Extract<ImageSource, { kind: "layout" }> }> {
  const entry = chooseEntry(entries, reference);
  const { manifest } = await findVariant(read, entry.digest, platform);
  const config = parseConfig(await readBlob(read, manifest.config.digest));
  const image: InnerImage = {
    reference: { ...reference, digest: entry.digest },
    platform,
    imageId: manifest.config.digest,
    diffIds: config.rootfs?.diff_ids ?? [],
    ...repoDigestOf(entry),
  };
  return { image, source: { kind: "layout", layout: files, shelved: new Set(shelvedLayersOf(entry)) } };
}

function chooseEntry(entries: readonly LayoutEntry[], reference: Reference): LayoutEntry {
  const byTag = `${repositoryName(reference)}:${reference.tag}`;
  const byDigest = `${repositoryName(reference)}@${reference.digest}`;
  const name = reference.tag === undefined ? byDigest : byTag;
  const named = entries.find(({ annotations }) => annotations?.[nameAnnotation] === name);
  const [only, ...others] = entries;
  const found = named ?? (others.length === 0 ? only : undefined);
  if (found) return found;
  const names = entries.flatMap(({ annotations }) => annotations?.[nameAnnotation] ?? []);
  throw new Error(`its layout has no image ${name}; it has ${names.join(", ") || "none"}`);
}

async function findVariant(
  read: FolderLayout["read"],
  digest: Digest,
  platform: Platform,
): Promise<{ manifest: Manifest }> {
  const parsed = parseManifestOrIndex(await readBlob(read, digest));
  if (!("index" in parsed)) return parsed;
  const [own] = manifestsByPlatform(parsed.index, platform);
  if (own === undefined) throw new Error(`its layout has no variant for ${formatPlatform(platform)}`);
  return findVariant(read, own, platform);
}

async function readBlob(read: FolderLayout["read"], digest: Digest): Promise<Buffer> {
  if (!isDigest(digest)) throw new Error(`its layout is broken: "${digest}" is no digest`);
  return read(blobPath(digest)).catch((cause: unknown) => {
    throw new Error(`its layout lacks the blob ${digest}: copy the image again`, { cause });
  });
}

function repoDigestOf({ annotations }: LayoutEntry): Pick<InnerImage, "repoDigest"> {
  const text = annotations?.[repoDigestAnnotation];
  if (text === undefined) return {};
  if (text !== noRepoDigest && !isDigest(text)) {
    throw new Error(`its layout is broken: ${repoDigestAnnotation} is "${text}", which is no digest`);
  }
  return { repoDigest: text === noRepoDigest ? null : text };
}

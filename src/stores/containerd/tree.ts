/** The files of the containerd catalog, and the tree of directories and links that attach copies into a root. */

import { type DiffId, type Digest, hexOf } from "../../image/digest.js";
import type { ShelfEntry } from "../../shelf/entry.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import type { CatalogBlob, CatalogSnapshot, ContainerdModel } from "./model.js";

/** The catalog's place in the system image: symbolic links in containerd's root lead here. */
const home = `/${shelf}/${onShelf.catalog("containerd")}`;
const tree = "root";

/** Relative to containerd's root. */
export const contentDirectory = "io.containerd.content.v1.content";
export const snapshotsDirectory = "io.containerd.snapshotter.v1.overlayfs/snapshots";
/** The daemon's databases. Only the daemon writes them. */
export const databases = {
  "meta.db": "io.containerd.metadata.v1.bolt/meta.db",
  "metadata.db": "io.containerd.snapshotter.v1.overlayfs/metadata.db",
} as const;

/** Directories of the root, with the modes that the daemon gives them. */
export function rootDirectories(): ShelfEntry[] {
  const modes: [string, number][] = [
    ["", 0o711],
    ["/io.containerd.content.v1.content", 0o755],
    ["/io.containerd.content.v1.content/blobs", 0o755],
    ["/io.containerd.content.v1.content/blobs/sha256", 0o755],
    ["/io.containerd.content.v1.content/ingest", 0o755],
    ["/io.containerd.metadata.v1.bolt", 0o711],
    ["/io.containerd.snapshotter.v1.overlayfs", 0o700],
    ["/io.containerd.snapshotter.v1.overlayfs/snapshots", 0o700],
  ];
  return modes.map(([path, mode]) => ({ kind: "directory", path: tree + path, mode }));
}

/**
 * Short names of 12 digits for the targets of links: ext4 keeps a link of less than 60 bytes in the inode, and needs 4
 * KiB for a longer one, in every container.
 */
export function shortName(digest: Digest | DiffId): string {
  return hexOf(digest).slice(0, 12);
}

/** `snapshots/<id>/fs`: a link to the layer's files, or a directory in which attach makes the whiteouts. */
export function snapshotEntries(snapshot: CatalogSnapshot): ShelfEntry[] {
  const path = `${tree}/${snapshotsDirectory}/${snapshot.id}`;
  const directory: ShelfEntry = { kind: "directory", path, mode: 0o700 };
  if (snapshot.holds === "whiteouts") {
    const list = `../../../layers/${hexOf(snapshot.diffId)}/whiteouts`;
    return [
      directory,
      { kind: "directory", path: `${path}/fs`, mode: 0o755 },
      { kind: "link", path: `whiteouts/${snapshot.id}`, target: list },
    ];
  }
  const key = shortName(snapshot.diffId);
  return [
    directory,
    { kind: "link", path: `${path}/fs`, target: `${home}/layers/${key}` },
    { kind: "link", path: `layers/${key}`, target: `../../../layers/${hexOf(snapshot.diffId)}/fs` },
  ];
}

/** A blob in the content store. @param content of a blob of metadata, which every root gets as a copy. */
export function blobEntries({ digest, holds }: CatalogBlob, content?: Buffer): ShelfEntry[] {
  const path = `${tree}/${contentDirectory}/blobs/sha256/${hexOf(digest)}`;
  if (holds === "absent") return [];
  if (holds === "metadata") return content ? [{ kind: "file", path, mode: 0o444, content }] : [];
  const key = shortName(digest);
  return [
    { kind: "link", path, target: `${home}/blobs/${key}` },
    { kind: "link", path: `blobs/${key}`, target: `../../../blobs/sha256/${hexOf(digest)}` },
  ];
}

/**
 * The form of each snapshot after attach. Equal layers in one chain are one directory of the shelf, and overlayfs
 * refuses the same directory twice (ELOOP), so attach copies the upper ones. Most of them are empty.
 */
export function snapshotKinds(model: ContainerdModel): Map<CatalogSnapshot, "link" | "copy" | "whiteouts"> {
  const repeated = new Set(repeatedLayers(model));
  return new Map(
    model.snapshots.map((snapshot) => [
      snapshot,
      snapshot.holds === "whiteouts" ? "whiteouts" : repeated.has(snapshot) ? "copy" : "link",
    ]),
  );
}

function repeatedLayers({ snapshots }: ContainerdModel): CatalogSnapshot[] {
  const byName = new Map(snapshots.map((snapshot) => [`${snapshot.namespace} ${snapshot.name}`, snapshot]));
  const parentOf = ({ namespace, parent }: CatalogSnapshot): CatalogSnapshot | undefined =>
    parent === null ? undefined : byName.get(`${namespace} ${parent}`);
  return snapshots.filter((snapshot) => {
    if (snapshot.holds === "whiteouts") return false;
    for (let below = parentOf(snapshot); below; below = parentOf(below)) {
      if (below.holds === "layer" && below.diffId === snapshot.diffId) return true;
    }
    return false;
  });
}

/** @throws Error if two digests have the same short name. */
export function checkShortNames(digests: Iterable<Digest | DiffId>): void {
  const seen = new Map<string, Digest | DiffId>();
  for (const digest of new Set(digests)) {
    const other = seen.get(shortName(digest));
    if (other !== undefined) throw new Error(`${other} and ${digest} have the same short name`);
    seen.set(shortName(digest), digest);
  }
}

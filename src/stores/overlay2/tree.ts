import { type ChainId, type DiffId, type Digest, hexOf } from "../../image/digest.js";
import type { ShelfEntry } from "../../shelf/entry.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { formatWhiteouts, type Whiteouts } from "../../shelf/whiteouts.js";
import { cacheIdOf, catalogKeyOf, linkIdOf, whiteoutLinkIdOf } from "./ids.js";
import { hides, lowersOf } from "./lowers.js";
import { ancestry, type CatalogBlob, type CatalogLayer, type CatalogModel } from "./model.js";

/** The catalog's place in the system image: symbolic links in the data root lead here. */
export const home = `/${shelf}/${onShelf.catalog("overlay2")}`;
/** The tree that attach copies into the data root. */
const root = "root";
const layerdb = `${root}/image/overlay2/layerdb/sha256`;
const distribution = `${root}/image/overlay2/distribution`;

/** Directories of the data root, with the modes that the daemon gives them. */
export function rootDirectories(): ShelfEntry[] {
  const modes: [string, number][] = [
    ["", 0o710],
    ["/overlay2", 0o710],
    ["/overlay2/l", 0o700],
    ["/image", 0o700],
    ["/image/overlay2", 0o700],
    ["/image/overlay2/imagedb", 0o700],
    ["/image/overlay2/imagedb/content", 0o700],
    ["/image/overlay2/imagedb/content/sha256", 0o700],
    ["/image/overlay2/layerdb", 0o700],
    ["/image/overlay2/layerdb/sha256", 0o755],
    ["/image/overlay2/distribution", 0o700],
    ["/image/overlay2/distribution/diffid-by-digest", 0o755],
    ["/image/overlay2/distribution/diffid-by-digest/sha256", 0o755],
    ["/image/overlay2/distribution/v2metadata-by-diffid", 0o755],
    ["/image/overlay2/distribution/v2metadata-by-diffid/sha256", 0o755],
  ];
  return modes.map(([path, mode]) => ({ kind: "directory", path: root + path, mode }));
}

/**
 * The files of one layer in `db/`, and the links to them in the tree for the data root.
 * @param tarSplitFile the daemon's record of the layer's tar.
 */
export function layerEntries(model: CatalogModel, chainId: ChainId, tarSplitFile: string): ShelfEntry[] {
  const [self] = ancestry(model, chainId);
  if (!self) return [];
  const { layer } = self;
  const lower = lowerOf(model, chainId);
  const texts: Record<string, string> = {
    "cache-id": cacheIdOf(chainId),
    diff: layer.diffId,
    size: String(layer.size),
    ...(layer.parent !== null && { parent: layer.parent }),
    link: linkIdOf(chainId),
    ...(lower !== undefined && { lower }),
  };
  const db = `db/${catalogKeyOf(chainId)}`;
  const fromDb = `../../../../layers/${hexOf(layer.diffId)}`;
  return [
    { kind: "directory", path: db, mode: 0o755 },
    ...Object.entries(texts).map(([name, text]) => file(`${db}/${name}`, text)),
    { kind: "copy", path: `${db}/tar-split`, mode: 0o644, from: tarSplitFile },
    { kind: "link", path: `${db}/fs`, target: `${fromDb}/fs` },
    ...(hides(layer) ? [link(`${db}/whiteouts`, `${fromDb}/whiteouts`)] : []),
    ...(layer.xattrs ? [file(`${db}/xattrs`, "")] : []),
    ...layerdbEntries(chainId, layer),
    ...driverEntries(chainId, layer, lower !== undefined),
  ];
}

/**
 * Further files for a real layer. If the layer became real after an earlier PRELOAD described it, the tree still has
 * the link to its files, and attach removes it.
 * @param whiteouts paths of the whiteouts in the layer's copy. They alone hide lower files.
 */
export function realEntries(chainId: ChainId, whiteouts: Whiteouts): ShelfEntry[] {
  const db = `db/${catalogKeyOf(chainId)}`;
  return [file(`${db}/real`, ""), file(`${db}/whiteouts`, formatWhiteouts(whiteouts))];
}

/** The `lower` files that change: an earlier PRELOAD described their layers, and a layer below has become real. */
export function changedLowers(model: CatalogModel, earlier: CatalogModel): ShelfEntry[] {
  return Object.keys(earlier.layers).flatMap((chainId) => {
    const lower = lowerOf(model, chainId);
    const isNew = lower !== undefined && lower !== lowerOf(earlier, chainId);
    return isNew ? [file(`db/${catalogKeyOf(chainId)}/lower`, lower)] : [];
  });
}

function layerdbEntries(chainId: ChainId, layer: CatalogLayer): ShelfEntry[] {
  const path = `${layerdb}/${hexOf(chainId)}`;
  const to = (name: string): string => `${home}/db/${catalogKeyOf(chainId)}/${name}`;
  return [
    { kind: "directory", path, mode: 0o755 },
    ...["cache-id", "diff", "size", ...(layer.parent !== null ? ["parent"] : [])].map((name) =>
      link(`${path}/${name}`, to(name)),
    ),
    link(`${path}/tar-split.json.gz`, to("tar-split")),
  ];
}

function driverEntries(chainId: ChainId, layer: CatalogLayer, hasLower: boolean): ShelfEntry[] {
  const path = `${root}/overlay2/${cacheIdOf(chainId)}`;
  const to = (name: string): string => `${home}/db/${catalogKeyOf(chainId)}/${name}`;
  const links = `${root}/overlay2/l`;
  return [
    { kind: "directory", path, mode: 0o710 },
    ...(layer.real ? [] : [link(`${path}/diff`, to("fs"))]),
    link(`${path}/link`, to("link")),
    ...(hasLower ? [link(`${path}/lower`, to("lower"))] : []),
    // The daemon writes this file anew for each container, and refuses to write to a symbolic link.
    { kind: "file", path: `${path}/committed`, mode: 0o600, content: Buffer.alloc(0) },
    link(`${links}/${linkIdOf(chainId)}`, `../${cacheIdOf(chainId)}/diff`),
    ...(hides(layer)
      ? [link(`${links}/${whiteoutLinkIdOf(chainId)}`, `../${cacheIdOf(chainId)}/whiteouts`)]
      : []),
  ];
}

/** The `lower` file: the directories below the layer's own content, nearest first. */
function lowerOf(model: CatalogModel, chainId: ChainId): string | undefined {
  const lowers = lowersOf(model, chainId);
  return lowers.length > 0 ? lowers.map((id) => `l/${id}`).join(":") : undefined;
}

/** An image's config. It is a copy, since `docker load` of the same image writes it again. */
export function imageEntry(imageId: Digest, config: Buffer): ShelfEntry {
  const path = `${root}/image/overlay2/imagedb/content/sha256/${hexOf(imageId)}`;
  return { kind: "file", path, mode: 0o600, content: config };
}

/**
 * The notes of `docker pull` on the origin of layers. They are copies, since pull and push write them again.
 * @param blobs All blobs of the layer, by digest.
 */
export function distributionEntries(
  diffId: DiffId,
  blobs: Readonly<Record<Digest, CatalogBlob>>,
): ShelfEntry[] {
  const sources = Object.entries(blobs).flatMap(([digest, { repositories }]) =>
    repositories.map((repository) => ({ Digest: digest, SourceRepository: repository, HMAC: "" })),
  );
  return [
    ...Object.keys(blobs).map((digest) =>
      file(`${distribution}/diffid-by-digest/sha256/${hexOf(digest)}`, diffId),
    ),
    file(`${distribution}/v2metadata-by-diffid/sha256/${hexOf(diffId)}`, JSON.stringify(sources)),
  ];
}

function file(path: string, text: string): ShelfEntry {
  return { kind: "file", path, mode: 0o644, content: Buffer.from(text) };
}

function link(path: string, target: string): ShelfEntry {
  return { kind: "link", path, target };
}

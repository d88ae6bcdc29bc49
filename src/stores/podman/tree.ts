import { type ChainId, type Digest, hexOf } from "../../image/digest.js";
import { fileEntry, linkEntry, type ShelfEntry } from "../../shelf/entry.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { catalogKeyOf, linkIdOf, whiteoutLinkIdOf } from "../overlay2/ids.js";
import { hides, lowerDirectories, lowersOf } from "../overlay2/lowers.js";
import { documentFile } from "./ids.js";
import type { PodmanImage, PodmanLayer, PodmanModel } from "./model.js";
import { documentsOf } from "./records.js";

/** The catalog's place in the system image: symbolic links in the store lead here. */
export const home = `/${shelf}/${onShelf.catalog("podman")}`;
/** The tree that attach copies into the store. */
const root = "root";

/** Directories of the store, with the modes that Podman gives them. */
export function rootDirectories(): ShelfEntry[] {
  const modes: [string, number][] = [
    ["", 0o700],
    ["/overlay", 0o755],
    ["/overlay/l", 0o755],
    ["/overlay-layers", 0o700],
    ["/overlay-images", 0o700],
  ];
  return modes.map(([path, mode]) => ({ kind: "directory", path: root + path, mode }));
}

/** Whiteouts of a layer, below its directory in `overlay`: they go when Podman removes the layer. */
export function whiteoutDirectory({ id }: PodmanLayer): string {
  return `${id}/whiteouts/diff`;
}

/**
 * The files of one layer in `db/`, and the links to them in the tree for the store.
 * @param tarSplitFile the record of the layer's tar.
 */
export function layerEntries(model: PodmanModel, chainId: ChainId, tarSplitFile: string): ShelfEntry[] {
  const layer = model.layers[chainId];
  if (!layer) return [];
  const db = `db/${catalogKeyOf(chainId)}`;
  const fromDb = `../../../../layers/${hexOf(layer.diffId)}`;
  return [
    { kind: "directory", path: db, mode: 0o755 },
    fileEntry(`${db}/layer`, `${layer.id}\n`),
    fileEntry(`${db}/diff`, layer.diffId),
    ...Object.entries(driverTexts(model, chainId)).map(([name, text]) => fileEntry(`${db}/${name}`, text)),
    { kind: "copy", path: `${db}/tar-split`, mode: 0o644, from: tarSplitFile },
    linkEntry(`${db}/fs`, `${fromDb}/fs`),
    ...(hides(layer) ? [linkEntry(`${db}/whiteouts`, `${fromDb}/whiteouts`)] : []),
    ...(layer.xattrs ? [fileEntry(`${db}/xattrs`, "")] : []),
    ...driverEntries(model, chainId, layer),
    linkEntry(`${root}/overlay-layers/${layer.id}.tar-split.gz`, `${home}/${db}/tar-split`),
  ];
}

/**
 * The driver's small files. From storage 1.63 on, the driver finds lower directories by `lower-layers`, in which each
 * name stands for `overlay/<name>/diff`; earlier ones go by `lower`.
 */
function driverTexts(model: PodmanModel, chainId: ChainId): Record<string, string> {
  const directories = lowerDirectories(model, chainId).map(({ chainId: lower, holds }) => {
    const id = model.layers[lower]?.id;
    return holds === "files" ? `${id}` : `${id}/whiteouts`;
  });
  return {
    link: linkIdOf(chainId),
    ...(directories.length > 0 && {
      lower: lowersOf(model, chainId)
        .map((name) => `l/${name}`)
        .join(":"),
      "lower-layers": directories.join(":"),
    }),
  };
}

function driverEntries(model: PodmanModel, chainId: ChainId, layer: PodmanLayer): ShelfEntry[] {
  const path = `${root}/overlay/${layer.id}`;
  const links = `${root}/overlay/l`;
  const names = ["fs", ...Object.keys(driverTexts(model, chainId))];
  return [
    { kind: "directory", path, mode: 0o700 },
    ...names.map((name) =>
      linkEntry(`${path}/${name === "fs" ? "diff" : name}`, `${home}/db/${catalogKeyOf(chainId)}/${name}`),
    ),
    // overlayfs needs one lower directory.
    ...(layer.parent === null ? [{ kind: "directory", path: `${path}/empty`, mode: 0o700 } as const] : []),
    linkEntry(`${links}/${linkIdOf(chainId)}`, `../${layer.id}/diff`),
    ...(hides(layer)
      ? [linkEntry(`${links}/${whiteoutLinkIdOf(chainId)}`, `../${whiteoutDirectory(layer)}`)]
      : []),
  ];
}

/** An image's manifests and config. They are copies, since a pull writes them again. */
export function imageEntries(
  imageId: Digest,
  image: PodmanImage,
  contents: ReadonlyMap<Digest, Buffer>,
): ShelfEntry[] {
  const path = `${root}/overlay-images/${hexOf(imageId)}`;
  return [
    { kind: "directory", path, mode: 0o700 },
    ...[...documentsOf(imageId, image)].flatMap(([key, digest]): ShelfEntry[] => {
      const content = contents.get(digest);
      // An earlier PRELOAD wrote the others.
      return content ? [{ kind: "file", path: `${path}/${documentFile(key)}`, mode: 0o600, content }] : [];
    }),
  ];
}

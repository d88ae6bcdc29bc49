import { sha256 } from "../../image/digest.js";
import { fileEntry, linkEntry, type ShelfEntry } from "../../shelf/entry.js";
import { anyContent, type ExpectedFiles } from "../expected-files.js";
import { cacheIdOf, catalogKeyOf, whiteoutLinkIdOf } from "./ids.js";
import { hides } from "./lowers.js";
import { type CatalogModel, formatModel } from "./model.js";
import { formatRepositories } from "./repositories.js";
import { home, imageEntry, layerEntries, rootDirectories } from "./tree.js";
import { distributionOf, formatImages } from "./write.js";

/**
 * The files that a catalog with this model has: those that `write` wrote for the PRELOADs one after another.
 * @throws Error for a model in which layers are missing.
 */
export function expectedFiles(model: CatalogModel): ExpectedFiles {
  const chains = Object.entries(model.layers);
  const text = formatModel(model);
  const diffIds = chains.map(([, { diffId }]) => diffId);
  const hasWhiteouts = chains.some(([, layer]) => hides(layer) || layer.real);
  return {
    entries: [
      ...rootDirectories(),
      { kind: "directory", path: "db", mode: 0o755 },
      ...chains.flatMap(([chainId, layer]) => [
        ...layerEntries(model, chainId, ""),
        ...(layer.real ? realFiles(chainId) : []),
      ]),
      ...Object.keys(model.images).map((imageId) =>
        anyContent(imageEntry(imageId, Buffer.alloc(0)).path, 0o600),
      ),
      ...distributionOf(model, [{ diffIds }]),
      ...(hasWhiteouts ? [anyContent("whiteouts.tar")] : []),
      fileEntry("repositories.json", formatRepositories(model.references)),
      fileEntry("images", formatImages(model)),
      fileEntry("catalog.json", text),
      fileEntry("id", `${sha256(text)}\n`),
    ],
    // An earlier PRELOAD linked a layer that is real now.
    leftovers: chains.flatMap(([chainId, layer]) => (layer.real ? leftovers(chainId) : [])),
  };
}

function realFiles(chainId: string): ShelfEntry[] {
  const db = `db/${catalogKeyOf(chainId)}`;
  return [fileEntry(`${db}/real`, ""), anyContent(`${db}/whiteouts`)];
}

function leftovers(chainId: string): ShelfEntry[] {
  const cacheId = cacheIdOf(chainId);
  return [
    linkEntry(`root/overlay2/${cacheId}/diff`, `${home}/db/${catalogKeyOf(chainId)}/fs`),
    linkEntry(`root/overlay2/l/${whiteoutLinkIdOf(chainId)}`, `../${cacheId}/whiteouts`),
  ];
}

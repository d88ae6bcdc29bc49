import { parentsOf } from "../../files/bytes.js";
import { chainIdOf, chainOf } from "../../image/chain.js";
import { type ChainId, type Digest, hexOf } from "../../image/digest.js";
import { familiarName } from "../../image/reference.js";
import { expectedFiles } from "../../stores/overlay2/expected.js";
import { cacheIdOf, catalogKeyOf } from "../../stores/overlay2/ids.js";
import { hides } from "../../stores/overlay2/lowers.js";
import { ancestry, type CatalogLayer, type CatalogModel } from "../../stores/overlay2/model.js";
import { onShelf, shelf } from "../paths.js";
import type { ShelvedImage } from "../preload-file.js";
import { parseWhiteouts, showPath, type Whiteouts } from "../whiteouts.js";
import type { CatalogCheck, CheckedCatalog } from "./catalog-check.js";
import { checkFiles } from "./compare-catalog.js";
import { checkConfig } from "./image-documents.js";
import { whiteoutsOf } from "./shelf-contents.js";
import { checkWhiteoutArchive } from "./whiteout-archive.js";

const folder = `${shelf}/${onShelf.catalog("overlay2")}`;
const configs = `${folder}/root/image/overlay2/imagedb/content/sha256`;

/** Checks Docker's metadata for its graph driver. @throws Error for a model of another form. */
export async function checkOverlay2(check: CatalogCheck): Promise<CheckedCatalog> {
  const { contents, findings, images } = check;
  const { model, fault } = checkFiles("overlay2", expectedFiles, check);
  const used = new Set<ChainId>();
  for (const [imageId, top] of Object.entries(model.images)) {
    const config = checkConfig(imageId, `${configs}/${hexOf(imageId)}`, check);
    const chain = config === undefined ? undefined : chainOf(config.diffIds);
    const expected = chain?.at(-1)?.chainId ?? null;
    if (chain && expected !== top)
      fault(`image ${imageId} has the top layer ${top}, should have ${expected}`);
    if (top !== null) for (const { chainId } of ancestry(model, top)) used.add(chainId);
  }
  for (const [chainId, layer] of Object.entries(model.layers)) {
    for (const what of layerFaults(chainId, layer, check)) fault(`layer ${chainId} ${what}`);
    if (!used.has(chainId)) fault(`layer ${chainId} belongs to no image, should not be there`);
  }
  for (const what of referenceFaults(model, images)) fault(what);
  for (const what of undigested(model, images)) findings.note({}, what);
  for (const [digest, { diffId }] of Object.entries(model.blobs)) {
    const actual = contents.blobs.get(digest)?.diffId;
    if (actual !== undefined && actual !== diffId)
      fault(`blob ${digest} is of ${diffId}, should be of ${actual}`);
  }
  await checkWhiteouts(model, check);
  return { diffIds: new Set(Object.values(model.layers).map(({ diffId }) => diffId)) };
}

function layerFaults(chainId: ChainId, layer: CatalogLayer, { contents }: CatalogCheck): string[] {
  const { diffId, parent, size, whiteouts, xattrs } = layer;
  const named = chainIdOf(diffId, parent ?? undefined);
  const faults = named === chainId ? [] : [`is called so, should be ${named}`];
  const facts = contents.layers.get(diffId)?.facts;
  if (!facts) return faults;
  const compare = (name: string, is: unknown, should: unknown): void => {
    if (is !== should) faults.push(`has ${name} ${is}, should have ${should}`);
  };
  compare("size", size, facts.size);
  compare("whiteouts", whiteouts, facts.whiteouts.length > 0);
  compare("xattrs", xattrs, facts.hasXattrs);
  return faults;
}

/** Docker keeps no digest of an image that was built or loaded, and `larder commit` keeps it so. */
function undigested({ references }: CatalogModel, listed: readonly ShelvedImage[]): string[] {
  return listed.flatMap(({ reference }) => {
    const { name, digested } = namesOf(reference);
    return isUndigested(references, reference) ? [`${name} is listed without its digest, ${digested}`] : [];
  });
}

function isUndigested(references: CatalogModel["references"], reference: ShelvedImage["reference"]): boolean {
  return reference.tag !== undefined && references[namesOf(reference).digested] === undefined;
}

function namesOf(reference: ShelvedImage["reference"]) {
  const name = familiarName(reference);
  return { name: `${name}:${reference.tag}`, digested: `${name}@${reference.digest}` };
}

/** An image that a later PRELOAD has replaced stays, by its digest. */
function referenceFaults({ references, images }: CatalogModel, listed: readonly ShelvedImage[]): string[] {
  const expected = new Map<string, Digest>();
  for (const { reference, imageId } of listed) {
    const { name, digested } = namesOf(reference);
    if (reference.tag !== undefined) expected.set(name, imageId);
    if (!isUndigested(references, reference)) expected.set(digested, imageId);
  }
  const wrong = [...expected].flatMap(([name, imageId]) =>
    references[name] === imageId ? [] : [`${name} is ${references[name] ?? "missing"}, should be ${imageId}`],
  );
  const others = Object.entries(references).filter(([name]) => !expected.has(name));
  const unknown = others.flatMap(([name, imageId]) => {
    if (!name.includes("@")) return [`${name} is not in preload.json, should not be there`];
    return images[imageId] === undefined ? [`${name} is ${imageId}, which is not there`] : [];
  });
  return [...wrong, ...unknown];
}

async function checkWhiteouts(model: CatalogModel, { contents, findings }: CatalogCheck): Promise<void> {
  const directories = Object.entries(model.layers).flatMap(([chainId, layer]) => {
    const whiteouts = whiteoutsOf(layer.diffId, contents);
    if (hides(layer)) return [{ path: `${cacheIdOf(chainId)}/whiteouts`, whiteouts }];
    if (!layer.real) return [];
    const path = `${folder}/db/${catalogKeyOf(chainId)}/whiteouts`;
    const file = contents.files.get(path);
    const own = parseWhiteouts(file?.content?.toString("latin1") ?? "");
    for (const name of outside(own, whiteouts)) {
      findings.fault(
        { outer: file?.outer, path: `/${path}` },
        `has ${showPath(name)}, which the layer does not delete`,
      );
    }
    return [{ path: `${cacheIdOf(chainId)}/diff`, whiteouts: own }];
  });
  await checkWhiteoutArchive("overlay2", directories, contents, findings);
}

/** The copy of a real layer may delete what is in a directory instead of the directory. */
function outside(own: Whiteouts, deleted: Whiteouts): Whiteouts {
  const all = new Set(deleted);
  return own.filter((path) => ![...parentsOf(path), path].some((one) => all.has(one)));
}

import { chainIdOf, chainOf } from "../../image/chain.js";
import type { ChainId, Digest } from "../../image/digest.js";
import { hexOf } from "../../image/digest.js";
import { type Manifest, parseManifestOrIndex } from "../../image/manifest.js";
import { repositoryName } from "../../image/reference.js";
import { hides } from "../../stores/overlay2/lowers.js";
import { ancestry } from "../../stores/overlay2/model.js";
import { expectedFiles } from "../../stores/podman/expected.js";
import { documentFile, layerIdOf } from "../../stores/podman/ids.js";
import type { PodmanImage, PodmanLayer, PodmanModel } from "../../stores/podman/model.js";
import { documentsOf } from "../../stores/podman/records.js";
import { whiteoutDirectory } from "../../stores/podman/tree.js";
import { onShelf, shelf } from "../paths.js";
import type { ShelvedImage } from "../preload-file.js";
import type { CatalogCheck, CheckedCatalog } from "./catalog-check.js";
import { checkFiles } from "./compare-catalog.js";
import { checkConfig, checkDocument } from "./image-documents.js";
import { whiteoutsOf } from "./shelf-contents.js";
import { checkWhiteoutArchive } from "./whiteout-archive.js";

const folder = `${shelf}/${onShelf.catalog("podman")}`;

/** Checks the records of containers-storage. @throws Error for a model of another form. */
export async function checkPodman(check: CatalogCheck): Promise<CheckedCatalog> {
  const { contents, findings, images } = check;
  const { model, fault } = checkFiles("podman", expectedFiles, check);
  const used = new Set<ChainId>();
  for (const [imageId, image] of Object.entries(model.images)) {
    for (const what of imageFaults(model, imageId, image, check)) fault(`image ${imageId} ${what}`);
    if (image.layer !== null) for (const { chainId } of ancestry(model, image.layer)) used.add(chainId);
  }
  for (const [chainId, layer] of Object.entries(model.layers)) {
    for (const what of layerFaults(model, chainId, layer, check)) fault(`layer ${chainId} ${what}`);
    if (!used.has(chainId)) fault(`layer ${chainId} belongs to no image, should not be there`);
  }
  for (const what of nameFaults(model, images)) fault(what);
  const hiding = Object.values(model.layers).filter(hides);
  const directories = hiding.map((layer) => ({
    path: whiteoutDirectory(layer),
    whiteouts: whiteoutsOf(layer.diffId, contents),
  }));
  await checkWhiteoutArchive("podman", directories, contents, findings);
  return { diffIds: new Set(Object.values(model.layers).map(({ diffId }) => diffId)) };
}

function imageFaults(
  { layers }: PodmanModel,
  imageId: Digest,
  image: PodmanImage,
  check: CatalogCheck,
): string[] {
  const path = `${folder}/root/overlay-images/${hexOf(imageId)}`;
  let manifest: Manifest | undefined;
  const faults: string[] = [];
  for (const [key, digest] of documentsOf(imageId, image)) {
    const bytes = checkDocument(digest, `${path}/${documentFile(key)}`, check);
    if (!bytes) continue;
    const size = image.documents[digest];
    if (size !== bytes.length) faults.push(`gives ${digest} ${size} bytes, should be ${bytes.length}`);
    if (digest !== image.manifest) continue;
    const parsed = parseManifestOrIndex(bytes);
    if ("manifest" in parsed) manifest = parsed.manifest;
  }
  const config = checkConfig(imageId, `${path}/${documentFile(imageId)}`, check);
  const chain = chainOf(config?.diffIds ?? []);
  const top = chain.at(-1)?.chainId ?? null;
  if (config && top !== image.layer) faults.push(`has the top layer ${image.layer}, should have ${top}`);
  if (!manifest || !config) return faults;
  if (manifest.config.digest !== imageId) faults.push(`has the manifest of ${manifest.config.digest}`);
  // Two manifests may have one layer in other compressions; the store keeps one of them.
  const blobs = chain.map(({ chainId }) => layers[chainId]?.blob);
  if (blobs.some((blob, index) => blob && manifest.layers[index] === undefined))
    faults.push("has more layers than its manifest");
  return faults;
}

function layerFaults(
  { layers }: PodmanModel,
  chainId: ChainId,
  layer: PodmanLayer,
  { contents }: CatalogCheck,
): string[] {
  const { diffId, parent } = layer;
  const named = chainIdOf(diffId, parent ?? undefined);
  const faults = named === chainId ? [] : [`is called so, should be ${named}`];
  const compare = (name: string, is: unknown, should: unknown): void => {
    if (is !== should) faults.push(`has ${name} ${is}, should have ${should}`);
  };
  compare("the ID", layer.id, layerIdOf(diffId, parent === null ? undefined : layers[parent]?.id));
  const facts = contents.layers.get(diffId)?.facts;
  if (!facts) return faults;
  compare("size", layer.size, facts.size);
  compare("whiteouts", layer.whiteouts, facts.whiteouts.length > 0);
  compare("xattrs", layer.xattrs, facts.hasXattrs);
  return faults;
}

/** An image that a later PRELOAD has replaced stays, without its name. */
function nameFaults({ images }: PodmanModel, listed: readonly ShelvedImage[]): string[] {
  const expected = new Map(listed.map(({ reference, imageId }) => [nameOf(reference), imageId]));
  const found = new Map(
    Object.entries(images).flatMap(([imageId, { names }]) => names.map((name) => [name, imageId] as const)),
  );
  const wrong = [...expected].filter(([name, imageId]) => found.get(name) !== imageId);
  const unknown = [...found.keys()].filter((name) => !expected.has(name));
  return [
    ...wrong.map(([name, imageId]) => `${name} is ${found.get(name) ?? "missing"}, should be ${imageId}`),
    ...unknown.map((name) => `${name} is not in preload.json, should not be there`),
  ];
}

function nameOf(reference: ShelvedImage["reference"]): string {
  const name = repositoryName(reference);
  return reference.tag === undefined ? `${name}@${reference.digest}` : `${name}:${reference.tag}`;
}

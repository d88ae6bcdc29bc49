import { chainIdOf, chainOf } from "../../image/chain.js";
import { type Digest, hexOf } from "../../image/digest.js";
import { type Manifest, mediaTypeOf, parseManifestOrIndex } from "../../image/manifest.js";
import { familiarReference } from "../../image/reference.js";
import { metadataBlobs, namesOf, whiteoutsName } from "../../stores/containerd/describe.js";
import { expectedFiles } from "../../stores/containerd/expected.js";
import { dockersNamespace, sourceLabelPrefix } from "../../stores/containerd/labels.js";
import {
  type CatalogBlob,
  type CatalogImage,
  type CatalogSnapshot,
  type ContainerdModel,
  snapshotsByName,
} from "../../stores/containerd/model.js";
import { contentDirectory } from "../../stores/containerd/tree.js";
import type { LoadedImage } from "../../stores/store.js";
import { onShelf, shelf } from "../paths.js";
import type { ShelvedImage } from "../preload-file.js";
import type { CatalogCheck, CheckedCatalog } from "./catalog-check.js";
import { checkDatabases } from "./check-databases.js";
import { checkNameArchives } from "./check-name-archives.js";
import { checkFiles } from "./compare-catalog.js";
import { checkConfig, checkDocument } from "./image-documents.js";
import { whiteoutsOf } from "./shelf-contents.js";
import { checkWhiteoutArchive } from "./whiteout-archive.js";

const folder = `${shelf}/${onShelf.catalog("containerd")}`;

export function documentPath(digest: Digest): string {
  return `${folder}/root/${contentDirectory}/blobs/sha256/${hexOf(digest)}`;
}

/** Checks the metadata of a containerd. @throws Error for a model of another form. */
export async function checkContainerd(check: CatalogCheck): Promise<CheckedCatalog> {
  const { contents, findings } = check;
  const { model, fault } = checkFiles("containerd", expectedFiles, check);
  for (const what of snapshotFaults(model, check)) fault(what);
  for (const what of blobFaults(model, check)) fault(what);
  for (const image of check.images) for (const what of imageFaults(image, model, check)) fault(what);
  for (const what of surplusNames(model, check)) fault(what);
  const hiding = model.snapshots.filter(({ holds }) => holds === "whiteouts");
  const directories = hiding.map(({ id, diffId }) => ({
    path: `${id}/fs`,
    whiteouts: whiteoutsOf(diffId, contents),
  }));
  await checkWhiteoutArchive("containerd", directories, contents, findings);
  checkDatabases(model, folder, check);
  await checkNameArchives(model, folder, check);
  return { diffIds: new Set(model.snapshots.map(({ diffId }) => diffId)) };
}

/** Each snapshot stands on its parent, and is named by its chain. */
function snapshotFaults(model: ContainerdModel, { contents }: CatalogCheck): string[] {
  const ids = new Map<number, CatalogSnapshot>();
  const known = new Map<string, ReadonlyMap<string, CatalogSnapshot>>();
  return model.snapshots.flatMap((snapshot) => {
    const { namespace, name, parent, id, holds, diffId, xattrs } = snapshot;
    const faults: string[] = [];
    const other = ids.get(id);
    ids.set(id, snapshot);
    if (other) faults.push(`has the number ${id} of ${other.name}, should have one of its own`);
    const siblings = known.get(namespace) ?? snapshotsByName(model, namespace);
    known.set(namespace, siblings);
    const below = parent === null ? undefined : siblings.get(parent);
    if (parent !== null && !below) faults.push(`stands on ${parent}, which is not there`);
    const base = (below?.holds === "whiteouts" ? below.parent : parent) ?? undefined;
    const hides = whiteoutsOf(diffId, contents).length > 0;
    if (holds === "whiteouts") {
      const expected = whiteoutsName(chainIdOf(diffId, parent ?? undefined));
      if (name !== expected) faults.push(`is called so, should be ${expected}`);
      if (!hides) faults.push("is there for deletions, should not be: the layer deletes nothing");
    } else {
      const expected = chainIdOf(diffId, base);
      if (name !== expected) faults.push(`is called so, should be ${expected}`);
      if (hides && base !== undefined && below?.holds !== "whiteouts") {
        faults.push(
          `stands on ${parent}, should stand on ${whiteoutsName(expected)}: the layer deletes files`,
        );
      }
      const facts = contents.layers.get(diffId)?.facts;
      if (facts && facts.hasXattrs !== xattrs)
        faults.push(`has xattrs ${xattrs}, should have ${facts.hasXattrs}`);
    }
    return faults.map((what) => `snapshot ${namespace}/${name} ${what}`);
  });
}

function blobFaults({ blobs }: ContainerdModel, check: CatalogCheck): string[] {
  return blobs.flatMap(({ namespace, digest, size, labels, holds }) => {
    const faults: string[] = [];
    const diffId = labels["containerd.io/uncompressed"];
    const actual = holds === "layer" ? check.contents.blobs.get(digest) : undefined;
    const length =
      holds === "metadata" ? checkDocument(digest, documentPath(digest), check)?.length : actual?.entry.size;
    if (holds === "layer" && !actual) faults.push(`is missing, should be /${shelf}/${onShelf.blob(digest)}`);
    if (length !== undefined && length !== size) faults.push(`has ${size} bytes, should have ${length}`);
    if (actual?.diffId !== undefined && actual.diffId !== diffId) {
      faults.push(`is of the layer ${diffId}, should be of ${actual.diffId}`);
    }
    return faults.map((what) => `blob ${namespace}/${digest} ${what}`);
  });
}

/** Compares an image with what a PRELOAD of its documents would have given. */
function imageFaults(image: ShelvedImage, model: ContainerdModel, check: CatalogCheck): string[] {
  const { namespace = "", imageId } = image;
  const shown = familiarReference(image.reference);
  const config = checkConfig(imageId, documentPath(imageId), check);
  const loaded = config && loadImage(image, check);
  if (!loaded) return [`${shown} lacks its config, its manifest or its index`];
  const faults: string[] = [];
  const compare = (what: string, is: unknown, should: unknown): void => {
    const [found, expected] = [is, should].map((value) => JSON.stringify(value));
    if (found !== expected) faults.push(`${what} is ${found ?? "missing"}, should be ${expected}`);
  };
  const named = new Map(
    model.images.filter((one) => one.namespace === namespace).map((one) => [one.name, one]),
  );
  for (const expected of namesOf(loaded, namespace))
    compare(`image ${expected.name}`, plain(named.get(expected.name)), plain(expected));
  const snapshots = snapshotsByName(model, namespace);
  for (const { chainId } of chainOf(config.diffIds)) {
    if (!snapshots.has(chainId))
      faults.push(`snapshot ${namespace}/${chainId} is missing, ${shown} needs it`);
  }
  const blobs = new Map(
    model.blobs.filter((one) => one.namespace === namespace).map((one) => [one.digest, one]),
  );
  const known = loaded.manifest.layers.filter(({ digest }) => blobs.has(digest));
  for (const { digest, labels } of metadataBlobs(loaded, known.length > 0)) {
    const found = blobs.get(digest);
    for (const [name, value] of Object.entries(labels)) {
      if (!hasLabel(found, name, value))
        compare(`label ${name} of blob ${digest}`, found?.labels[name], value);
    }
  }
  for (const [index, { digest, size }] of loaded.manifest.layers.entries()) {
    const blob = blobs.get(digest);
    if (!blob && namespace === dockersNamespace) faults.push(`blob ${digest} is missing, ${shown} needs it`);
    if (!blob) continue;
    compare(`size of blob ${digest}`, blob.size, size);
    compare(`layer of blob ${digest}`, blob.labels["containerd.io/uncompressed"], config.diffIds[index]);
  }
  return faults;
}

/** The members in one order. */
function plain(image: CatalogImage | undefined): unknown {
  if (!image) return undefined;
  const { target, chainId, metadata, labels } = image;
  const { mediaType, digest, size } = target;
  return { target: { mediaType, digest, size }, chainId, metadata, labels: Object.entries(labels).sort() };
}

/** A blob may come from several repositories. */
function hasLabel(blob: CatalogBlob | undefined, name: string, value: string): boolean {
  const found = blob?.labels[name];
  return name.startsWith(sourceLabelPrefix) ? (found?.split(",").includes(value) ?? false) : found === value;
}

/** The image as its documents describe it, from its target downwards. */
function loadImage(image: ShelvedImage, check: CatalogCheck): LoadedImage | undefined {
  const read = (digest: Digest): Buffer | undefined =>
    check.contents.files.get(documentPath(digest))?.content;
  const target = read(image.reference.digest);
  const config = read(image.imageId);
  if (!target || !config) return undefined;
  const parsed = parseManifestOrIndex(target);
  const digests = "index" in parsed ? parsed.index.map(({ digest }) => digest) : [image.reference.digest];
  for (const manifestDigest of digests) {
    const manifestBytes = read(manifestDigest);
    const manifest = manifestBytes && manifestOf(manifestBytes);
    if (manifestBytes && manifest?.config.digest === image.imageId) {
      return { ...image, config, target, manifest, manifestDigest, manifestBytes };
    }
  }
  return undefined;
}

function manifestOf(bytes: Buffer): Manifest | undefined {
  const parsed = parseManifestOrIndex(bytes);
  return "manifest" in parsed ? parsed.manifest : undefined;
}

/** A name by tag belongs to an image of preload.json; a name by digest may be that of an image that was replaced. */
function surplusNames(model: ContainerdModel, { images, contents }: CatalogCheck): string[] {
  const listed = new Set(
    images.map(
      ({ reference, namespace }) => `${namespace} ${reference.domain}/${reference.path}:${reference.tag}`,
    ),
  );
  return model.images.flatMap(({ namespace, name, target }) => {
    const isTag = !name.includes("@") && !/^sha256:[0-9a-f]{64}$/.test(name);
    if (isTag && !listed.has(`${namespace} ${name}`))
      return [`image ${name} is not in preload.json, should not be there`];
    const bytes = contents.files.get(documentPath(target.digest))?.content;
    if (!bytes) return [`image ${name} is ${target.digest}, which is not there`];
    const type = mediaTypeOf(bytes);
    return type === target.mediaType ? [] : [`image ${name} is a ${target.mediaType}, should be a ${type}`];
  });
}

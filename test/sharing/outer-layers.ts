import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { type EngineName, lab, labImage } from "../harness/lab.js";
import { type RegistryImage, registryImage } from "../harness/registry-image.js";

/** A layer of a system image in the registry. */
export interface OuterLayer {
  readonly diffId: string;
  /** Digest of the compressed layer. */
  readonly blob: string;
  /** `created_by` of its entry in the history. */
  readonly history: string;
}

export interface SystemImage extends RegistryImage {
  /** Outer layers that PRELOAD made, lowest first. */
  readonly shelf: readonly OuterLayer[];
  /** Maps diffIDs of inner layers to the outer layers that hold them. */
  readonly holders: ReadonlyMap<string, readonly OuterLayer[]>;
  /** Maps digests of compressed inner layers to the outer layers that hold them, for a store that keeps them. */
  readonly blobHolders: ReadonlyMap<string, readonly OuterLayer[]>;
  /** One for each PRELOAD. */
  readonly catalogs: readonly OuterLayer[];
}

export interface SystemBuild {
  readonly name: string;
  /** The text after `PRELOAD` in a stage with nothing else; or a whole Dockerfile. */
  readonly preload?: readonly string[];
  readonly dockerfile?: string;
  /** The base; the default is `docker:28.5`. */
  readonly base?: string;
  readonly engine?: EngineName;
  readonly args?: readonly string[];
}

/** Builds a system image and pushes it as `<registry>/e2e/sharing-<name>:1`. */
export async function pushSystem(request: SystemBuild): Promise<SystemImage> {
  const { name, preload = [], base = lab.system, engine = "containerd", args = [] } = request;
  const { dockerfile = `FROM ${base}\nPRELOAD ${preload.join(" ")}\n` } = request;
  const tag = labImage(`e2e/sharing-${name}:1`);
  await build({ engine, dockerfile, tag, args: ["--push", ...args] });
  return readSystem(await registryImage(tag));
}

export function readSystem(image: RegistryImage): SystemImage {
  const entries = image.history.filter((entry) => entry.empty_layer !== true);
  assert.equal(entries.length, image.diffIds.length, "the history has an entry for each layer");
  assert.equal(image.blobs.length, image.diffIds.length);
  const layers = entries.map(({ created_by: history = "" }, index) => ({
    diffId: image.diffIds[index] ?? "",
    blob: image.blobs[index] ?? "",
    history,
  }));
  const shelf = layers.filter(({ history }) => history.startsWith("PRELOAD "));
  const blobs = shelf.filter(({ history }) =>
    /^PRELOAD (\S+, blob of layer|\d+ small blobs?,)/.test(history),
  );
  const files = shelf.filter((layer) => !blobs.includes(layer));
  const catalogs = files.filter(({ history }) => history.endsWith(", catalog"));
  return { ...image, shelf, holders: byContent(files), blobHolders: byContent(blobs), catalogs };
}

function byContent(layers: readonly OuterLayer[]): Map<string, OuterLayer[]> {
  const holders = new Map<string, OuterLayer[]>();
  for (const layer of layers) {
    for (const digest of innerLayers(layer)) holders.set(digest, [...(holders.get(digest) ?? []), layer]);
  }
  return holders;
}

/** diffIDs of the inner layers in an outer layer, or their digests if it holds blobs. */
export function innerLayers({ history }: OuterLayer): string[] {
  return history.match(/sha256:[0-9a-f]{64}/g) ?? [];
}

/** The one outer layer with this inner layer. */
export function holderOf(system: SystemImage, diffId: string): OuterLayer {
  const holders = system.holders.get(diffId) ?? [];
  assert.equal(holders.length, 1, `${diffId} is in ${holders.length} outer layers of ${system.reference}`);
  return holders[0] as OuterLayer;
}

/** Asserts that the system image has the layers of these images, each once, and no others. */
export function assertHolds(system: SystemImage, images: readonly RegistryImage[]): void {
  const expected = [...new Set(images.flatMap(({ diffIds }) => diffIds))];
  assert.deepEqual([...system.holders.keys()].sort(), expected.sort());
  for (const diffId of expected) holderOf(system, diffId);
}

/** Maps each inner layer to the diffID of its outer layer. */
export function diffIdsOf(system: SystemImage): Record<string, string> {
  return Object.fromEntries(
    [...system.holders.keys()].sort().map((inner) => [inner, holderOf(system, inner).diffId]),
  );
}

/**
 * Asserts that the system image has the blobs of these images, each once, and no others. Maps each to the blob of its
 * outer layer.
 */
export function blobLayers(
  system: SystemImage,
  images: readonly RegistryImage[],
): Record<string, readonly [diffId: string, blob: string]> {
  const expected = [...new Set(images.flatMap(({ blobs }) => blobs))].sort();
  assert.deepEqual([...system.blobHolders.keys()].sort(), expected);
  return Object.fromEntries(
    expected.map((digest) => {
      const holders = system.blobHolders.get(digest) ?? [];
      assert.equal(holders.length, 1, `${digest} is in ${holders.length} outer layers`);
      const [holder = assert.fail()] = holders;
      return [digest, [holder.diffId, holder.blob]];
    }),
  );
}

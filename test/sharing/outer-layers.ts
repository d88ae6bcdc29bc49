import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { type EngineName, lab, labImage } from "../harness/lab.js";
import { type RegistryImage, registryImage } from "../harness/registry-image.js";

/** A layer of a system image, as the registry has it. */
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
  /** diffIDs of inner layers to the outer layers that hold them. */
  readonly holders: ReadonlyMap<string, readonly OuterLayer[]>;
  /** One for each PRELOAD. */
  readonly catalogs: readonly OuterLayer[];
}

export interface SystemBuild {
  readonly name: string;
  /** What follows `PRELOAD` in a stage of nothing else; or a whole Dockerfile. */
  readonly preload?: readonly string[];
  readonly dockerfile?: string;
  /** The base, `docker:28.5` unless said otherwise. */
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

function readSystem(image: RegistryImage): SystemImage {
  const entries = image.history.filter((entry) => entry.empty_layer !== true);
  assert.equal(entries.length, image.diffIds.length, "the history has an entry for each layer");
  assert.equal(image.blobs.length, image.diffIds.length);
  const layers = entries.map(({ created_by: history = "" }, index) => ({
    diffId: image.diffIds[index] ?? "",
    blob: image.blobs[index] ?? "",
    history,
  }));
  const shelf = layers.filter(({ history }) => history.startsWith("PRELOAD "));
  const holders = new Map<string, OuterLayer[]>();
  for (const layer of shelf) {
    for (const diffId of innerLayers(layer)) holders.set(diffId, [...(holders.get(diffId) ?? []), layer]);
  }
  return { ...image, shelf, holders, catalogs: shelf.filter(({ history }) => history.endsWith(", catalog")) };
}

/** diffIDs of the inner layers that an outer layer holds. */
export function innerLayers({ history }: OuterLayer): string[] {
  return history.match(/sha256:[0-9a-f]{64}/g) ?? [];
}

/** The one outer layer with this inner layer. */
export function holderOf(system: SystemImage, diffId: string): OuterLayer {
  const holders = system.holders.get(diffId) ?? [];
  assert.equal(holders.length, 1, `${diffId} is in ${holders.length} outer layers of ${system.reference}`);
  return holders[0] as OuterLayer;
}

/** The system image has the layers of these images, each once, and no others. */
export function assertHolds(system: SystemImage, images: readonly RegistryImage[]): void {
  const expected = [...new Set(images.flatMap(({ diffIds }) => diffIds))];
  assert.deepEqual([...system.holders.keys()].sort(), expected.sort());
  for (const diffId of expected) holderOf(system, diffId);
}

/** Each inner layer to the diffID of its outer layer. */
export function diffIdsOf(system: SystemImage): Record<string, string> {
  return Object.fromEntries(
    [...system.holders.keys()].sort().map((inner) => [inner, holderOf(system, inner).diffId]),
  );
}

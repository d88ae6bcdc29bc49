import { Readable } from "node:stream";
import { LarderError } from "../../../error.js";
import { decompress } from "../../../files/decompress.js";
import { parseConfig, platformOf } from "../../../image/config.js";
import { type Digest, digestOf } from "../../../image/digest.js";
import {
  type Descriptor,
  isAttestation,
  type Manifest,
  parseManifestOrIndex,
} from "../../../image/manifest.js";
import type { Platform } from "../../../image/platform.js";
import type { Reference } from "../../../image/reference.js";
import { choosePlatform, ownPlatform } from "../choose-platform.js";
import { nameImage } from "../name-image.js";
import type { OpenOptions } from "../open-options.js";
import type { OuterImage } from "../outer-image.js";
import { Registry } from "./client.js";

/**
 * Reads manifest and config of an image, and no layer.
 * @throws LarderError with the registry's own words.
 */
export async function openRegistryImage(
  name: string,
  reference: Reference,
  { platform, insecure = false }: Pick<OpenOptions, "platform" | "insecure">,
): Promise<OuterImage> {
  const registry = new Registry(reference, { insecure });
  try {
    return await readImage(name, reference, registry, platform);
  } catch (error) {
    await registry.close();
    throw nameImage(name, error);
  }
}

async function readImage(
  name: string,
  reference: Reference,
  registry: Registry,
  asked: Platform | undefined,
): Promise<OuterImage> {
  const top = await registry.manifest(reference.digest ?? reference.tag ?? "latest");
  if (reference.digest !== undefined) checkDigest(top, reference.digest);
  const { digest, manifest, platforms } = await findManifest(registry, top, asked);
  const config = parseConfig(await readConfig(registry, manifest));
  const platform = platformOf(config);
  // An index has been asked already, and its words may be more exact than those of the config.
  if (platforms.length === 0) choosePlatform([{ platform }], asked, platform);
  const diffIds = config.rootfs?.diff_ids ?? [];
  if (diffIds.length !== manifest.layers.length)
    throw new LarderError(
      `its config has ${diffIds.length} layers and its manifest ${manifest.layers.length}`,
    );
  return {
    name,
    source: "registry",
    digest,
    platform,
    platforms: platforms.length > 0 ? platforms : [platform],
    config,
    layers: diffIds.map((diffId, index) => ({ diffId, ...blobOf(manifest, index) })),
    openLayer: (index) => openLayer(name, registry, manifest, index),
    close: () => registry.close(),
  };
}

function blobOf({ layers }: Manifest, index: number) {
  const layer = layers[index];
  return layer && { digest: layer.digest, size: layer.size, mediaType: layer.mediaType };
}

async function openLayer(
  name: string,
  registry: Registry,
  { layers }: Manifest,
  index: number,
): Promise<Readable> {
  const layer = layers[index];
  const what = `image "${name}", layer ${index + 1} of ${layers.length}`;
  if (!layer) throw new LarderError(`${what}: there is no such layer`);
  const { body } = await registry.blob(layer.digest);
  return Readable.from(decompress(body ? Readable.fromWeb(body) : Readable.from([])), { objectMode: false });
}

interface ChosenManifest {
  readonly digest: Digest;
  readonly manifest: Manifest;
  /** Of the index. A manifest without an index says nothing of its platform. */
  readonly platforms: readonly Platform[];
}

async function findManifest(
  registry: Registry,
  top: Buffer,
  asked: Platform | undefined,
): Promise<ChosenManifest> {
  const parsed = parseManifestOrIndex(top);
  if ("manifest" in parsed) return { digest: digestOf(top), manifest: parsed.manifest, platforms: [] };
  const candidates = parsed.index.flatMap(candidateOf);
  const { digest } = choosePlatform(candidates, asked, ownPlatform());
  const bytes = await registry.manifest(digest);
  checkDigest(bytes, digest);
  const below = parseManifestOrIndex(bytes);
  if ("index" in below) throw new LarderError(`it has an index in an index: name ${digest}`);
  return { digest, manifest: below.manifest, platforms: candidates.map(({ platform }) => platform) };
}

function candidateOf(descriptor: Descriptor): { digest: Digest; platform: Platform }[] {
  const { os = "linux", architecture = "amd64", variant } = descriptor.platform ?? {};
  if (isAttestation(descriptor)) return [];
  return [{ digest: descriptor.digest, platform: { os, architecture, ...(variant && { variant }) } }];
}

async function readConfig(registry: Registry, { config }: Manifest): Promise<Buffer> {
  const response = await registry.blob(config.digest);
  const bytes = Buffer.from(await response.arrayBuffer());
  checkDigest(bytes, config.digest);
  return bytes;
}

function checkDigest(bytes: Buffer, digest: Digest): void {
  if (digestOf(bytes) !== digest) throw new LarderError(`the registry gave other bytes than ${digest}`);
}

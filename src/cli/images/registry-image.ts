/**
 * Images in a registry, by the buildx that the user has: it knows the logins and their helpers, tokens, proxies,
 * certificates, and which registries the builder takes as insecure. So what builds can reach, this reaches.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LarderError } from "../../error.js";
import { parseConfig, platformOf } from "../../image/config.js";
import { type Digest, digestOf } from "../../image/digest.js";
import { type Descriptor, type Manifest, parseManifestOrIndex } from "../../image/manifest.js";
import { blobPath } from "../../image/oci-layout.js";
import { formatPlatform, type Platform } from "../../image/platform.js";
import { formatReference, type Reference } from "../../image/reference.js";
import { choosePlatform, ownPlatform } from "./choose-platform.js";
import { runDocker } from "./client.js";
import { folderFiles } from "./files.js";
import { uncompressed } from "./layer-tar.js";
import { isAttestation } from "./layout.js";
import type { OuterImage } from "./outer-image.js";

/** @throws LarderError with the registry's own words. */
export async function openRegistryImage(
  name: string,
  reference: Reference,
  asked: Platform | undefined,
): Promise<OuterImage> {
  const top = await readDocument(name, reference);
  const found = await findManifest(name, reference, top, asked);
  const config = parseConfig(await readDocument(name, reference, found.manifest.config.digest));
  const diffIds = config.rootfs?.diff_ids ?? [];
  const pulled = new PulledLayers(name, { ...reference, digest: found.digest }, platformOf(config));
  return {
    name,
    source: "registry",
    digest: found.digest,
    platform: platformOf(config),
    platforms: found.platforms.length > 0 ? found.platforms : [platformOf(config)],
    config,
    layers: diffIds.map((diffId, index) => ({ diffId, ...blobOf(found.manifest, index) })),
    openLayer: (index) => pulled.open(found.manifest, index),
    close: () => pulled.delete(),
  };
}

function blobOf({ layers }: Manifest, index: number) {
  const layer = layers[index];
  return layer && { digest: layer.digest, size: layer.size, mediaType: layer.mediaType };
}

interface ChosenManifest {
  readonly digest: Digest;
  readonly manifest: Manifest;
  /** Of the index. A manifest without an index says nothing of its platform. */
  readonly platforms: readonly Platform[];
}

async function findManifest(
  name: string,
  reference: Reference,
  top: Buffer,
  asked: Platform | undefined,
): Promise<ChosenManifest> {
  const parsed = parseManifestOrIndex(top);
  if ("manifest" in parsed) return { digest: digestOf(top), manifest: parsed.manifest, platforms: [] };
  const candidates = parsed.index.flatMap(candidateOf);
  const { digest } = choosePlatform(name, candidates, asked, ownPlatform());
  const below = parseManifestOrIndex(await readDocument(name, reference, digest));
  if ("index" in below) throw new LarderError(`image "${name}": it has an index in an index: name ${digest}`);
  return { digest, manifest: below.manifest, platforms: candidates.map(({ platform }) => platform) };
}

function candidateOf(descriptor: Descriptor): { digest: Digest; platform: Platform }[] {
  const { os = "linux", architecture = "amd64", variant } = descriptor.platform ?? {};
  if (isAttestation(descriptor)) return [];
  return [{ digest: descriptor.digest, platform: { os, architecture, ...(variant && { variant }) } }];
}

/** The document that the reference names, or another one of its repository. */
async function readDocument(name: string, reference: Reference, digest = reference.digest): Promise<Buffer> {
  const { domain, path } = reference;
  const exact = formatReference(digest === undefined ? reference : { domain, path, digest });
  try {
    const bytes = await runDocker(["buildx", "imagetools", "inspect", "--raw", exact]);
    if (digest !== undefined && digestOf(bytes) !== digest)
      throw new LarderError(`the registry gave other bytes than ${digest}`);
    return bytes;
  } catch (error) {
    throw new LarderError(`image "${name}": ${LarderError.from(error).message}`, { cause: error });
  }
}

/** All layers of the image as an OCI layout on the disk, once one of them is asked for. */
class PulledLayers {
  readonly #name: string;
  readonly #reference: Reference;
  readonly #platform: Platform;
  #folder: Promise<string> | undefined;

  constructor(name: string, reference: Reference, platform: Platform) {
    this.#name = name;
    this.#reference = reference;
    this.#platform = platform;
  }

  async open({ layers }: Manifest, index: number) {
    const layer = layers[index];
    const what = `image "${this.#name}", layer ${index + 1} of ${layers.length}`;
    if (!layer) throw new LarderError(`${what}: the manifest does not have it`);
    this.#folder ??= this.#pull();
    const files = folderFiles(await this.#folder);
    if ((await files.size(blobPath(layer.digest))) === undefined)
      throw new LarderError(`${what}: the builder exported it with another digest than ${layer.digest}`);
    return uncompressed(await files.open(blobPath(layer.digest)), what);
  }

  async delete(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }

  /** BuildKit pulls what the layout needs, with the user's login, and writes the blobs as they are. */
  async #pull(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "larder-"));
    const { domain, path, digest } = this.#reference;
    const from = formatReference({ domain, path, ...(digest !== undefined && { digest }) });
    const output = [
      "--output",
      `type=oci,tar=false,dest=${folder}`,
      "--platform",
      formatPlatform(this.#platform),
    ];
    const flags = ["--provenance=false", "--sbom=false", "--quiet"];
    try {
      await runDocker(["buildx", "build", ...flags, ...output, "-"], `FROM ${from}\n`);
      return folder;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      const reason = LarderError.from(error).message;
      const way =
        "docker pull it and name it with docker-daemon:, or choose another builder with BUILDX_BUILDER";
      throw new LarderError(`image "${this.#name}": its layers cannot be read: ${reason}; ${way}`, {
        cause: error,
      });
    }
  }
}

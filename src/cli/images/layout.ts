/** Images in an OCI layout or in an archive of `docker save`, whatever holds the files. */
import { Readable } from "node:stream";
import { LarderError } from "../../error.js";
import { decompress } from "../../files/decompress.js";
import { parseConfig, platformOf } from "../../image/config.js";
import { type Digest, digestOf, isDigest } from "../../image/digest.js";
import { type Descriptor, isAttestation, type Manifest, parseManifestOrIndex } from "../../image/manifest.js";
import { blobPath } from "../../image/oci-layout.js";
import { choosePlatform, ownPlatform } from "./choose-platform.js";
import type { Files } from "./files.js";
import type { FoundImage, LayoutRequest } from "./found-image.js";
import { naming } from "./name-image.js";
import type { OuterImage, OuterLayer, SourceName } from "./outer-image.js";
import { readSavedImages } from "./saved-images.js";

/** @throws LarderError that names the images or platforms there are, if the request fits none or several. */
export async function openLayout(
  source: SourceName,
  files: Files,
  request: LayoutRequest,
): Promise<OuterImage> {
  const { name, platform, preferred = ownPlatform() } = request;
  const hasIndex = (await files.size("index.json")) !== undefined;
  const found = hasIndex ? await readIndex(files, request) : await readSavedImages(files, request);
  const chosen = naming(name, () => choosePlatform(found, platform, preferred));
  const layers = layersOf(name, chosen);
  return {
    name,
    source,
    ...(chosen.digest !== undefined && { digest: chosen.digest }),
    platform: chosen.platform,
    platforms: found.map((image) => image.platform),
    config: chosen.config,
    layers,
    openLayer: async (index) => {
      const blob = chosen.blobs[index];
      const what = `image "${name}", layer ${index + 1} of ${layers.length}`;
      if (!blob || (await files.size(blob.path)) === undefined)
        throw new LarderError(`${what}: it is not there (${blob?.path ?? "no blob"}): save the image again`);
      return Readable.from(decompress(await files.open(blob.path)), { objectMode: false });
    },
    close: async () => {},
  };
}

function layersOf(name: string, { config, blobs }: FoundImage): OuterLayer[] {
  const diffIds = config.rootfs?.diff_ids ?? [];
  if (diffIds.length !== blobs.length) {
    throw new LarderError(
      `image "${name}": its config has ${diffIds.length} layers and its manifest ${blobs.length}: it is broken`,
    );
  }
  return diffIds.map((diffId, index) => {
    const { path: _, ...blob } = blobs[index] ?? { path: "" };
    return { diffId, ...blob };
  });
}

async function readIndex(files: Files, request: LayoutRequest): Promise<FoundImage[]> {
  const bytes = await files.read("index.json");
  const parsed = parseManifestOrIndex(bytes ?? Buffer.alloc(0));
  const all = "index" in parsed ? (parsed.index as readonly NamedDescriptor[]) : [];
  const manifests: FoundImage[] = [];
  for (const descriptor of chooseNamed(all, request))
    manifests.push(...(await readImages(files, descriptor.digest)));
  return manifests;
}

type NamedDescriptor = Descriptor & { readonly annotations?: Readonly<Record<string, string>> };

/** Names of BuildKit and containerd, and the tag alone as the OCI specification has it. */
const nameAnnotations = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];

/** All descriptors of one image: they differ in their platforms. */
function chooseNamed(all: readonly NamedDescriptor[], { name, wanted }: LayoutRequest): NamedDescriptor[] {
  const namesOf = (one: NamedDescriptor): string[] =>
    nameAnnotations.flatMap((key) => one.annotations?.[key] ?? []);
  const list = [...new Set(all.flatMap((one) => namesOf(one)[0] ?? []))].join(", ");
  if (wanted !== undefined) {
    const fitting = all.filter((one) => one.digest === wanted || namesOf(one).includes(wanted));
    if (fitting.length > 0) return fitting;
    throw new LarderError(
      `image "${name}": there is no "${wanted}"; there is: ${list || "one without a name"}`,
    );
  }
  const images = new Set(all.map((one) => namesOf(one)[0] ?? ""));
  const digests = new Set(all.map(({ digest }) => digest));
  if (images.size > 1 && digests.size > 1) {
    throw new LarderError(`image "${name}": it has several; write one after a colon: ${list}`);
  }
  return [...new Map(all.map((one) => [one.digest, one])).values()];
}

/** The images below a manifest or an index. What an archive of some platforms lacks, it was not saved for. */
async function readImages(files: Files, digest: Digest): Promise<FoundImage[]> {
  const bytes = await readBlob(files, digest);
  if (!bytes) return [];
  const parsed = parseManifestOrIndex(bytes);
  if ("manifest" in parsed) return readImage(files, digest, parsed.manifest);
  const images: FoundImage[] = [];
  for (const descriptor of parsed.index) {
    if (!isAttestation(descriptor)) images.push(...(await readImages(files, descriptor.digest)));
  }
  return images;
}

async function readImage(files: Files, digest: Digest, manifest: Manifest): Promise<FoundImage[]> {
  const bytes = await readBlob(files, manifest.config.digest);
  if (!bytes) return [];
  const config = parseConfig(bytes);
  const blobs = manifest.layers.map(({ digest, size, mediaType }) => ({
    path: blobPath(digest),
    digest,
    size,
    mediaType,
  }));
  return [{ platform: platformOf(config), digest, config, blobs }];
}

async function readBlob(files: Files, digest: Digest): Promise<Buffer | undefined> {
  if (!isDigest(digest)) throw new LarderError(`"${digest}" is no digest: the layout is broken`);
  const bytes = await files.read(blobPath(digest));
  if (bytes && digestOf(bytes) !== digest)
    throw new LarderError(`${blobPath(digest)} has other bytes than its name says: copy the image again`);
  return bytes;
}

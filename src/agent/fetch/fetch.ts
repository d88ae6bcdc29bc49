import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { type Digest, digestOf, hexOf } from "../../image/digest.js";
import type { InnerImage } from "../../image/inner-image.js";
import { type Descriptor, findManifest, type Manifest, parseManifestOrIndex } from "../../image/manifest.js";
import { blobFile, finishLayout } from "../../image/oci-layout.js";
import { repositoryName } from "../../image/reference.js";
import { type FetchJob, mount, type Places } from "../job.js";
import { formatBytes, progress } from "../report.js";
import { StepError } from "../step-error.js";
import { type Access, openAccess } from "./access.js";
import { unreachable } from "./failures.js";
import { doorsOf, hasMirrors, whyUnreachable } from "./reach.js";
import { skopeo } from "./skopeo.js";
import { verifyBlob } from "./verify-blob.js";

/** The places in a fetch step that are read or written. */
export type FetchPlaces = Pick<Places, "layout" | "auth" | "ca">;

/** skopeo's own layout, on the same file system, so that its files can be renamed instead of copied. */
function rawLayout(layout: string): string {
  return `${layout}/raw`;
}

/**
 * Fetches an image into a layout, with the bytes of its registry. skopeo's `oci:` layouts convert Docker's manifests,
 * which changes image IDs; its `dir:` layouts do not.
 */
export async function fetchImage(
  { image, insecure, only }: FetchJob,
  places: FetchPlaces = mount,
): Promise<void> {
  const { layout } = places;
  const access = await openAccess(image.reference.domain, places);
  try {
    const source = sourceOf(image, insecure, access);
    const top = await inspect(source);
    verifyManifest(top, image.reference.digest);
    await mkdir(`${layout}/blobs/sha256`, { recursive: true });
    if (only === "manifest") {
      await fetchManifest(source, image, top, layout);
      await finishLayout(layout, top);
      return;
    }
    await skopeo(copyArguments(source, image, layout), source.context, { onLine: announceBlob() });
    const manifest = await adoptRawLayout(image, layout);
    await finishLayout(layout, top);
    const total = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
    progress(`${manifest.layers.length} layers, ${formatBytes(total)}`);
  } finally {
    await access.close();
  }
}

function sourceOf({ reference, platform }: InnerImage, insecure: boolean, access: Access) {
  const { login, authorities } = access;
  const doors = doorsOf(reference.domain, insecure, process.env);
  const proxy = doors.find(({ isProxy }) => isProxy);
  return {
    digest: reference.digest,
    url: (digest: Digest) => `docker://${repositoryName(reference)}@${digest}`,
    options: access.authFile === undefined ? [] : [`--authfile=${access.authFile}`],
    certificates: access.certificates,
    insecure,
    doors,
    context: {
      registry: reference.domain,
      proxy: proxy && `${proxy.host}:${proxy.port}`,
      platform,
      login,
      authorities,
    },
  };
}

type Source = ReturnType<typeof sourceOf>;

/** The index or manifest. If no connection to the registry can be opened, this fails sooner than skopeo would. */
async function inspect(source: Source): Promise<Buffer> {
  const { context, doors } = source;
  const { digest } = source;
  if (await hasMirrors()) return skopeo(inspectArguments(source, digest), context);
  const late = new AbortController();
  const over = new AbortController();
  const watch = whyUnreachable(doors, { signal: over.signal }).then((why) => {
    if (why === undefined) return;
    late.abort(new StepError(`${unreachable(context)} (${why})`, { unreachable: true }));
  });
  try {
    return await skopeo(inspectArguments(source, digest), context, { signal: late.signal });
  } finally {
    over.abort();
    await watch;
  }
}

/** Writes the manifest of the image's platform. @param top The index, or that manifest. */
async function fetchManifest(
  source: Source,
  { reference, imageId, platform }: InnerImage,
  top: Buffer,
  layout: string,
): Promise<void> {
  const read = async (digest: Digest): Promise<Buffer> =>
    digest === reference.digest ? top : skopeo(inspectArguments(source, digest), source.context);
  const found = await findManifest(reference.digest, imageId, read, platform);
  if (!found) throw new LarderError(`the registry has no manifest of the image ID ${imageId}: build again`);
  verifyManifest(found.bytes, found.digest);
  await writeFile(blobFile(layout, found.digest), found.bytes);
}

function verifyManifest(bytes: Buffer, digest: Digest): void {
  if (digestOf(bytes) !== digest) {
    throw new LarderError(`the manifest ${digest} is corrupt: the registry sent other bytes`);
  }
}

function inspectArguments({ url, options, certificates, insecure }: Source, digest: Digest): string[] {
  const trust = certificates === undefined ? [] : [`--cert-dir=${certificates}`];
  return ["inspect", "--raw", `--tls-verify=${!insecure}`, ...trust, ...options, url(digest)];
}

function copyArguments(source: Source, { platform }: InnerImage, layout: string): string[] {
  return [
    `--override-os=${platform.os}`,
    `--override-arch=${platform.architecture}`,
    ...(platform.variant ? [`--override-variant=${platform.variant}`] : []),
    "copy",
    "--preserve-digests",
    `--src-tls-verify=${!source.insecure}`,
    ...(source.certificates === undefined ? [] : [`--src-cert-dir=${source.certificates}`]),
    ...source.options,
    source.url(source.digest),
    `dir:${rawLayout(layout)}`,
  ];
}

function announceBlob(): (line: string) => void {
  let count = 0;
  return (line) => {
    const digest = /Copying blob (sha256:[0-9a-f]+)/.exec(line)?.[1];
    if (digest !== undefined) progress(`layer ${++count} ${digest}`);
  };
}

/** Moves the blobs of skopeo's `dir:` folder to their places in the layout, and checks each. */
async function adoptRawLayout(image: InnerImage, layout: string): Promise<Manifest> {
  const raw = rawLayout(layout);
  const bytes = await readFile(`${raw}/manifest.json`);
  const parsed = parseManifestOrIndex(bytes);
  if (!("manifest" in parsed)) throw new Error("skopeo wrote an index where a manifest was expected");
  const { manifest } = parsed;
  if (manifest.config.digest !== image.imageId) {
    throw new LarderError(
      `the registry's image has the ID ${manifest.config.digest}, but BuildKit resolved ${image.imageId}: build again`,
    );
  }
  await adoptBlob(manifest.config, "the config", layout);
  const layers = new Map(manifest.layers.map((layer) => [layer.digest, layer]));
  for (const layer of layers.values()) await adoptBlob(layer, "the layer", layout);
  await rename(`${raw}/manifest.json`, blobFile(layout, digestOf(bytes)));
  await rm(raw, { recursive: true });
  return manifest;
}

async function adoptBlob(blob: Descriptor, what: string, layout: string): Promise<void> {
  const path = blobFile(layout, blob.digest);
  await rename(`${rawLayout(layout)}/${hexOf(blob.digest)}`, path);
  await verifyBlob(path, blob, what);
}

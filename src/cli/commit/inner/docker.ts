/** A Docker in the container, with either of its stores. */
import { LarderError } from "../../../error.js";
import type { Digest } from "../../../image/digest.js";
import { isDigest } from "../../../image/digest.js";
import { parseReference, repositoryName } from "../../../image/reference.js";
import type { StoreName } from "../../../stores/table.js";
import type { LayoutFolder } from "../files/layout-folder.js";
import { type Blobs, completeImage } from "./complete-image.js";
import { FailedCommand, patiently, type Shell, whySilent } from "./exec.js";
import type { ListedImage, Listing, Manager, Taken, TakenImage, TakeRequest } from "./manager.js";
import { readSaved, type SavedImage } from "./saved-archive.js";
import type { ShelfContent } from "./shelf-content.js";

interface Info {
  readonly Driver: string;
  readonly DriverStatus?: readonly (readonly [string, string])[] | null;
  readonly DockerRootDir: string;
}

/** @throws LarderError for a Docker that does not answer, or whose store PRELOAD does not know. */
export async function openDocker(shell: Shell, otherRoots: readonly string[]): Promise<Manager> {
  const answer = await shell.try(patiently(["docker", "info", "--format", "{{json .}}"]));
  const info = answer.status === 0 ? (JSON.parse(answer.stdout) as Partial<Info>) : {};
  if (!info.Driver || !info.DockerRootDir) {
    const reason = whySilent(answer);
    throw new LarderError(
      `the Docker in the container does not answer: ${reason}; see its log, and start it again`,
    );
  }
  const store = storeOf(info.Driver, info.DriverStatus ?? []);
  const roots = [info.DockerRootDir, ...otherRoots];
  return store === "overlay2" ? graphDriver(shell, roots) : containerdStore(shell, roots);
}

function storeOf(driver: string, status: NonNullable<Info["DriverStatus"]>): StoreName {
  if (driver === "overlay2") return "overlay2";
  const isContainerd = status.some(([key, value]) => key === "driver-type" && value.includes("snapshotter"));
  if (isContainerd) return "containerd";
  throw new LarderError(
    `the Docker in the container keeps images with "${driver}", which PRELOAD does not know: it knows overlay2 and ` +
      "containerd's store",
  );
}

function graphDriver(shell: Shell, dataRoots: readonly string[]): Manager {
  return {
    name: "docker",
    store: "overlay2",
    dataRoots,
    list: () => listImages(shell, namesInGraphDriver),
    take: (request) => takeFromGraphDriver(shell, request),
  };
}

function containerdStore(shell: Shell, dataRoots: readonly string[]): Manager {
  return {
    name: "docker",
    store: "containerd",
    dataRoots,
    list: () => listImages(shell, namesInContainerd),
    take: (request) => takeFromContainerd(shell, request),
  };
}

interface Inspected {
  readonly Id: Digest;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
}

async function listImages(shell: Shell, namesOf: (image: Inspected) => ListedImage[]): Promise<Listing> {
  const ids = (await shell.output(["docker", "image", "ls", "--quiet", "--no-trunc"])).toString("utf8");
  const all = [...new Set(ids.split("\n").filter(isDigest))].sort();
  if (all.length === 0) return { images: [], unnamed: [] };
  const inspected = await shell.output(["docker", "image", "inspect", ...all]);
  const listed = (JSON.parse(inspected.toString("utf8")) as Inspected[]).map((image) => ({
    id: image.Id,
    names: namesOf(image),
  }));
  return {
    images: listed.flatMap(({ names }) => names),
    unnamed: listed.filter(({ names }) => names.length === 0).map(({ id }) => id),
  };
}

/** A digest stands for all tags of its repository. One that no tag takes is a name of its own. */
export function namesInGraphDriver({ Id: target, RepoTags, RepoDigests }: Inspected): ListedImage[] {
  const digests = references(RepoDigests);
  const tags = references(RepoTags);
  const ofRepository = (name: string) => digests.filter((one) => repositoryName(one) === name);
  const tagged = tags.map((reference): ListedImage => {
    const [first] = ofRepository(repositoryName(reference));
    return { reference, target, repoDigest: first?.digest ?? null };
  });
  const taken = new Set(
    tagged.map(({ reference, repoDigest }) => `${repositoryName(reference)}@${repoDigest}`),
  );
  const others = digests.filter((one) => !taken.has(`${repositoryName(one)}@${one.digest}`));
  return [
    ...tagged,
    ...others.map((reference) => ({ reference, target, repoDigest: reference.digest ?? null })),
  ];
}

/** Tags, and names with a digest that have none. */
export function namesInContainerd({ Id: target, RepoTags }: Inspected): ListedImage[] {
  return references(RepoTags).map((reference) => ({ reference, target }));
}

function references(names: readonly string[] | null) {
  return (names ?? []).filter((name) => !name.includes("<none>")).map(parseReference);
}

/** The archive has uncompressed layers, and none of the registries' manifests. */
async function takeFromGraphDriver(
  shell: Shell,
  { targets, layout, shelf, platform }: TakeRequest,
): Promise<Taken> {
  const { saved, failed } = await save(shell, targets, layout, uncompressed(shelf));
  const taken = new Map<Digest, TakenImage | string>(failed);
  for (const image of saved) taken.set(image.imageId, await describeSaved(image, layout, shelf, platform));
  return taken;
}

/** The digest of an uncompressed blob is the layer's diffID. */
function uncompressed({ rebuildable }: ShelfContent): ReadonlySet<Digest> {
  return new Set([...rebuildable].map(String));
}

async function describeSaved(
  { imageId, layers }: SavedImage,
  layout: LayoutFolder,
  shelf: ShelfContent,
  platform: TakeRequest["platform"],
): Promise<TakenImage | string> {
  const size = (await layout.size(imageId)) ?? 0;
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: imageId, size },
      layers: layers.map((layer) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer })),
    }),
  );
  const digest = await layout.addDocument(bytes);
  const found = await completeImage(
    digest,
    blobsOf(layout),
    { ...shelf, blobs: uncompressed(shelf) },
    platform,
  );
  return typeof found === "string" ? found : { ...found, lacksBlobs: false };
}

/** The archive has the registries' own documents and blobs. */
async function takeFromContainerd(
  shell: Shell,
  { targets, layout, shelf, platform }: TakeRequest,
): Promise<Taken> {
  const { failed } = await save(shell, targets, layout, shelf.blobs);
  const taken = new Map<Digest, TakenImage | string>(failed);
  for (const { target } of targets) {
    if (!failed.has(target)) taken.set(target, await completeImage(target, blobsOf(layout), shelf, platform));
  }
  return taken;
}

function blobsOf(layout: LayoutFolder): Blobs {
  return {
    read: (digest) => layout.read(digest),
    has: async (digest) => (await layout.size(digest)) !== undefined,
  };
}

interface Saved {
  readonly saved: readonly SavedImage[];
  /** Docker's words about images that it cannot save. */
  readonly failed: ReadonlyMap<Digest, string>;
}

/**
 * All images in one archive, which has each layer once. Docker gives no archive at all if one image lacks something, so
 * they then come one by one.
 * @param shelved Blobs that are not kept.
 */
async function save(
  shell: Shell,
  images: readonly Pick<ListedImage, "target">[],
  layout: LayoutFolder,
  shelved: ReadonlySet<Digest>,
): Promise<Saved> {
  const ids = [...new Set(images.map(({ target }) => target))];
  try {
    const archive = await shell.stream(["docker", "save", ...ids]);
    return { saved: await readSaved(archive, layout, (digest) => shelved.has(digest)), failed: new Map() };
  } catch (error) {
    if (!(error instanceof FailedCommand)) throw error;
    const [only = "", ...others] = ids;
    if (others.length === 0) return { saved: [], failed: new Map([[only, error.reason]]) };
    const each: Saved[] = [];
    for (const target of ids) each.push(await save(shell, [{ target }], layout, shelved));
    return {
      saved: each.flatMap(({ saved }) => saved),
      failed: new Map(each.flatMap(({ failed }) => [...failed])),
    };
  }
}

/** The inner Dockers of the tests: each version with each store that it has. */
import { build } from "../harness/build.js";
import { type DockerStore, type DockerVersion, dockerStage, dockerVersions, lab } from "../harness/lab.js";
import type { RegistryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { byDigest, type InnerImages } from "./images.js";
import { knowsOtherName, otherRegistry, RegistryProxy } from "./registry-proxy.js";

/** The appearance of an image in a store of Docker's. */
export interface InnerStore {
  readonly name: DockerStore;
  idOf(image: RegistryImage): string;
  /** Digests of the layers in the output of `docker save`. */
  savedLayers(image: RegistryImage): readonly string[];
}

const overlay2: InnerStore = {
  name: "overlay2",
  idOf: ({ imageId }) => imageId,
  savedLayers: ({ diffIds }) => diffIds,
};

/** An image's ID is its manifest's digest, and `docker save` writes the registry's own blobs. */
const containerd: InnerStore = {
  name: "containerd",
  idOf: ({ digest }) => digest,
  savedLayers: ({ blobs }) => blobs,
};

export interface InnerSystem {
  readonly version: DockerVersion;
  readonly store: InnerStore;
}

export const systems: readonly InnerSystem[] = dockerVersions.flatMap((version) =>
  // Docker can keep images in containerd since version 24.
  (version === "20.10" ? [overlay2] : [overlay2, containerd]).map((store) => ({ version, store })),
);

/** Two system containers: one of an image with PRELOAD, and one of an image without. */
export interface Running {
  readonly images: InnerImages;
  readonly preloaded: SystemContainer;
  readonly plain: SystemContainer;
  /** Records the requests to the registry of the container with PRELOAD. */
  readonly proxy: RegistryProxy;
}

/** Starts both, and pulls the preloaded images in the other one. */
export async function start({ version, store }: InnerSystem, images: InnerImages): Promise<Running> {
  const proxy = await RegistryProxy.start();
  const { one, two, index, python, busybox } = images;
  const tag = `e2e-inner-docker-${store.name}:${version}`;
  const plainTag = `e2e-inner-docker-plain-${store.name}:${version}`;
  const settings = { "insecure-registries": [lab.registry, otherRegistry] };
  const dockerfile = dockerStage(version, store.name, settings);
  await build({ larder: false, allowInsecure: false, tag: plainTag, dockerfile });
  // By tag, by tag and digest, and by digest.
  const references = [
    one.reference,
    `${two.reference}@${two.digest}`,
    index.reference,
    python.reference,
    byDigest(busybox),
  ];
  await build({ tag, dockerfile: `${dockerfile}PRELOAD ${references.join(" \\\n  ")}\n` });
  const reached = { network: "bridge", args: knowsOtherName } as const;
  const [preloaded, plain] = await Promise.all([
    SystemContainer.start(tag, { ...reached, env: { HTTP_PROXY: proxy.address } }),
    SystemContainer.start(plainTag, reached),
  ]);
  for (const name of [one.reference, two.reference, index.reference, python.reference, byDigest(busybox)])
    await plain.inner("pull", "--quiet", name);
  return { images, preloaded, plain, proxy };
}

/** The inner Dockers that are looked at: each version with each store that it has. */
import { build } from "../harness/build.js";
import { type DockerStore, type DockerVersion, dockerStage, dockerVersions, lab } from "../harness/lab.js";
import type { RegistryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { byDigest, type InnerImages } from "./images.js";
import { knowsOtherName, otherRegistry, RegistryProxy } from "./registry-proxy.js";

/** How an image shows in a store of Docker's. */
export interface InnerStore {
  readonly name: DockerStore;
  idOf(image: RegistryImage): string;
  /** Digests of the layers that `docker save` writes. */
  savedLayers(image: RegistryImage): readonly string[];
}

const overlay2: InnerStore = {
  name: "overlay2",
  idOf: ({ imageId }) => imageId,
  savedLayers: ({ diffIds }) => diffIds,
};

/** An image is its manifest, and `docker save` writes the registry's own blobs. */
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
  // Docker has images in containerd since 24.
  (version === "20.10" ? [overlay2] : [overlay2, containerd]).map((store) => ({ version, store })),
);

/** Two system containers, of an image with PRELOAD and of one without. */
export interface Running {
  readonly images: InnerImages;
  readonly preloaded: SystemContainer;
  readonly plain: SystemContainer;
  /** Sees what the one with PRELOAD asks the registry for. */
  readonly proxy: RegistryProxy;
}

/** Starts both, and pulls in the one what the other has. */
export async function start({ version, store }: InnerSystem, images: InnerImages): Promise<Running> {
  const proxy = await RegistryProxy.start();
  const { one, two, index, python, busybox } = images;
  const tag = `e2e-inner-docker-${store.name}:${version}`;
  const plainTag = `e2e-inner-docker-plain-${store.name}:${version}`;
  const settings = { "insecure-registries": [lab.registry, otherRegistry] };
  const dockerfile = dockerStage(version, store.name, settings);
  await build({ larder: false, allowInsecure: false, tag: plainTag, dockerfile });
  // By tag, by tag and digest, by digest.
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

import { build } from "../harness/build.js";
import { labImage } from "../harness/lab.js";
import type { SystemContainer } from "../harness/system-container.js";
import { byDigest, type InnerImages } from "../inner-docker/images.js";

export const kubernetes = "k8s.io";

/** A system image with images for two namespaces. One of the namespaces has no blobs of layers. */
export async function buildSystem(
  version: string,
  { one, two, index, busybox }: InnerImages,
): Promise<string> {
  const tag = `e2e-containerd:${version}`;
  const dockerfile = `FROM ${labImage(`containerd:${version}`)}
PRELOAD ${one.reference} ${two.reference}@${two.digest} ${index.reference}
PRELOAD --namespace=${kubernetes} --blobs=never ${two.reference} ${byDigest(busybox)}
`;
  await build({ tag, dockerfile });
  return tag;
}

/** A line of `ctr images ls`. */
export interface ListedImage {
  readonly name: string;
  readonly digest: string;
  /** `-`, or `name=value` separated by commas. */
  readonly labels: string;
}

export async function listImages(container: SystemContainer, namespace: string): Promise<ListedImage[]> {
  return (await lines(container.ctr(namespace, "images", "ls"))).slice(1).map((line) => {
    const [name = "", , digest = ""] = line.split(/\s+/);
    return { name, digest, labels: line.trim().split(/\s+/).at(-1) ?? "" };
  });
}

/** `ctr images check`: for each name, if the image is `complete` or `incomplete`, and if it is unpacked. */
export async function checkImages(
  container: SystemContainer,
  namespace: string,
): Promise<Record<string, string>> {
  const checked = (await lines(container.ctr(namespace, "images", "check"))).slice(1).map((line) => {
    const [name = "", , , status = ""] = line.split(/\s+/);
    return [name, `${status}, unpacked ${line.trim().split(/\s+/).at(-1)}`] as const;
  });
  return Object.fromEntries(checked);
}

/** Digests of the blobs in a namespace. */
export async function listBlobs(container: SystemContainer, namespace: string): Promise<string[]> {
  return (await lines(container.ctr(namespace, "content", "ls", "--quiet"))).sort();
}

let containers = 0;

/** The output of a container of the image. */
export function runImage(
  container: SystemContainer,
  namespace: string,
  image: string,
  ...command: string[]
): Promise<string> {
  return container.ctr(namespace, "run", "--rm", image, `c${++containers}`, ...command);
}

export async function lines(text: Promise<string>): Promise<string[]> {
  return (await text).split("\n").filter((line) => line.trim() !== "");
}

import { build } from "../harness/build.js";
import { labImage } from "../harness/lab.js";
import type { SystemContainer } from "../harness/system-container.js";
import { byDigest, type InnerImages } from "../inner-docker/images.js";

export const kubernetes = "k8s.io";

/** A system image with images for two namespaces, in one of them without the layers' blobs. */
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
  /** `-`, or `name=value` with commas between. */
  readonly labels: string;
}

export async function listImages(container: SystemContainer, namespace: string): Promise<ListedImage[]> {
  return (await lines(container.ctr(namespace, "images", "ls"))).slice(1).map((line) => {
    const [name = "", , digest = ""] = line.split(/\s+/);
    return { name, digest, labels: line.trim().split(/\s+/).at(-1) ?? "" };
  });
}

/** `ctr images check`: names to what is there of each, `complete` or `incomplete`, and whether it is unpacked. */
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

/** Digests of the blobs that a namespace has. */
export async function listBlobs(container: SystemContainer, namespace: string): Promise<string[]> {
  return (await lines(container.ctr(namespace, "content", "ls", "--quiet"))).sort();
}

let containers = 0;

/** What a container of the image prints. */
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

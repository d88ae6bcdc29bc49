import { labImage } from "../harness/lab.js";
import { pushInnerImage, type RegistryImage, registryImage } from "../harness/registry-image.js";

/** `two` stands on `one`, and `three`, which is not preloaded, on `two`. */
export interface InnerImages {
  readonly one: RegistryImage;
  readonly two: RegistryImage;
  readonly three: RegistryImage;
  /** An image for two platforms: its digest is that of an index. */
  readonly index: RegistryImage;
  readonly python: RegistryImage;
  readonly busybox: RegistryImage;
}

let pushed: Promise<InnerImages> | undefined;

export function innerImages(): Promise<InnerImages> {
  pushed ??= pushInnerImages();
  return pushed;
}

async function pushInnerImages(): Promise<InnerImages> {
  const dockerfile = new URL("Dockerfile", import.meta.url);
  const push = (target: string) => pushInnerImage(`inner-${target}`, dockerfile, ["--target", target]);
  const one = await push("one");
  const two = await push("two");
  const three = await push("three");
  const index = await pushIndex();
  const [python, busybox] = await Promise.all(
    ["python:3", "busybox:1"].map((name) => registryImage(labImage(name))),
  );
  if (!python || !busybox) throw new Error("unreachable");
  return { one, two, three, index, python, busybox };
}

export function pushIndex(): Promise<RegistryImage> {
  const platforms = "--platform=linux/amd64,linux/arm64";
  return pushInnerImage("inner-index", new URL("index/Dockerfile", import.meta.url), [platforms]);
}

/** `name@digest`, without the tag. */
export function byDigest({ reference, digest }: RegistryImage): string {
  return `${reference.slice(0, reference.lastIndexOf(":"))}@${digest}`;
}

/** The output of a container of each. */
export const prints = {
  one: "one\nnew\none\n",
  two: "two\none\ntwo\n",
  three: "three\none\nthree\ntwo\n",
  index: "built for amd64\nkept\n",
} as const;

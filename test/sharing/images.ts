import { pushHandMade } from "../exact-files/hand-made.js";
import { labImage } from "../harness/lab.js";
import { pushInnerImage, type RegistryImage, registryImage } from "../harness/registry-image.js";
import { pushIndex } from "../inner-docker/images.js";

/** `python` and `nginx` share one layer, Debian. `odd` stands on busybox. */
export interface InnerImages {
  readonly busybox: RegistryImage;
  readonly python: RegistryImage;
  readonly nginx: RegistryImage;
  /** An image with all file properties that are hard to keep: see test/exact-files. */
  readonly odd: RegistryImage;
  readonly handMade: RegistryImage;
  /** A small image for several platforms. */
  readonly index: RegistryImage;
}

let images: Promise<InnerImages> | undefined;

export function innerImages(): Promise<InnerImages> {
  images ??= pushImages();
  return images;
}

async function pushImages(): Promise<InnerImages> {
  const [busybox, python, nginx, odd, handMade, index] = await Promise.all([
    registryImage(labImage("busybox:1")),
    registryImage(labImage("python:3")),
    registryImage(labImage("nginx:latest")),
    pushInnerImage("sharing-odd", new URL("../exact-files/Dockerfile", import.meta.url)),
    pushHandMade(),
    pushIndex(),
  ]);
  return { busybox, python, nginx, odd, handMade, index };
}

export function references(...images: readonly RegistryImage[]): string[] {
  return images.map(({ reference }) => reference);
}

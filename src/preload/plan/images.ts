/** Images in the form of a plan. */
import type { InnerImage } from "../../image/inner-image.js";
import { isLoopback, type Reference } from "../../image/reference.js";
import {
  type Asked,
  type InsecureRegistries,
  type Network,
  nameOf,
  type Origin,
  type PlannedImage,
} from "./plan.js";

/**
 * An image from a registry.
 * @param reference The image's new name, if it is not the registry's name.
 * @param asked The place of the request, for errors.
 */
export function planFetched(
  image: InnerImage,
  reference: Reference,
  network: Network | undefined,
  insecureRegistries: InsecureRegistries,
  asked: Asked,
): PlannedImage {
  const loopback = isLoopback(image.reference);
  const name = nameOf(reference);
  return {
    ...image,
    reference: { ...reference, digest: image.reference.digest },
    name,
    origin: {
      kind: "registry",
      reference: image.reference,
      // A loopback address means the builder's own network.
      network: network ?? (loopback ? "host" : "default"),
      insecure: loopback || insecureRegistries.has(image.reference.domain),
    },
    step: `[larder] fetch ${name}`,
    asked,
  };
}

/** An image that is in no registry. */
export function planPacked(
  image: InnerImage,
  reference: Reference,
  origin: Origin,
  asked: Asked,
): PlannedImage {
  const name = nameOf(reference);
  return {
    ...image,
    reference: { ...reference, digest: image.reference.digest },
    name,
    origin,
    step: packStepName(name),
    asked,
  };
}

export function packStepName(name: string): string {
  return `[larder] pack ${name}`;
}

/** Images as a plan has them. */
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
 * An image of a registry.
 * @param reference as what it is to be known, where that is not the registry's name.
 * @param asked for by whom, as an error names it.
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
      // Only the builder's own network has what it means by a loopback address.
      network: network ?? (loopback ? "host" : "default"),
      insecure: loopback || insecureRegistries.has(image.reference.domain),
    },
    step: `[larder] fetch ${name}`,
    asked,
  };
}

/** An image that is not in a registry. */
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

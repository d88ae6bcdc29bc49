/** The images that were taken, as the layout and the Dockerfile name them. */
import {
  type LayoutEntry,
  nameAnnotation,
  noRepoDigest,
  repoDigestAnnotation,
  shelvedAnnotation,
} from "../../image/layout-index.js";
import { formatReference, type Reference } from "../../image/reference.js";
import { nameOf } from "./choose-images.js";
import type { ListedImage, Taken, TakenImage } from "./inner/manager.js";
import type { WrittenImage } from "./write-dockerfile.js";

export interface Given {
  readonly entries: readonly LayoutEntry[];
  readonly images: readonly WrittenImage[];
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

export function describeGiven(taken: readonly ListedImage[], found: Taken): Given {
  const entries = new Map<string, LayoutEntry>();
  const images: WrittenImage[] = [];
  const leftOut: { name: string; reason: string }[] = [];
  for (const image of taken) {
    const name = nameOf(image);
    const one = found.get(image.target) ?? "the inner daemon did not give it";
    const same = entries.get(name);
    if (typeof one === "string") leftOut.push({ name, reason: `it is there in part only (${one})` });
    else if (same && same.digest !== one.top.digest) {
      // A layout has one image of a name.
      leftOut.push({
        name,
        reason: `in the namespace ${image.namespace} it is another image than in an earlier one`,
      });
    } else {
      entries.set(name, entryOf(image, one));
      images.push(writtenImage(image, one));
    }
  }
  return { entries: [...entries.values()], images, leftOut };
}

function writtenImage(image: ListedImage, { platform, lacksBlobs }: TakenImage): WrittenImage {
  const { namespace } = image;
  return { name: nameOf(image), platform, lacksBlobs, ...(namespace !== undefined && { namespace }) };
}

function entryOf({ reference, repoDigest }: ListedImage, { top, shelved }: TakenImage): LayoutEntry {
  return {
    ...top,
    annotations: {
      [nameAnnotation]: formatReference(asNamed(reference)),
      ...(repoDigest !== undefined && { [repoDigestAnnotation]: repoDigest ?? noRepoDigest }),
      ...(shelved.length > 0 && { [shelvedAnnotation]: shelved.join(" ") }),
    },
  };
}

/** With a digest only if there is no tag. */
function asNamed({ digest, ...reference }: Reference): Reference {
  return reference.tag === undefined && digest !== undefined ? { ...reference, digest } : reference;
}

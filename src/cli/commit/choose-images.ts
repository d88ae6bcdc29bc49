/** Decides which inner images are taken out of the container. */
import { familiarReference, parseReference, type Reference } from "../../image/reference.js";
import type { ShelvedImage } from "../../shelf/preload-file.js";
import { dockersNamespace } from "../../stores/containerd/labels.js";
import { usageError } from "../usage-error.js";
import type { ListedImage } from "./inner/manager.js";

export interface Wishes {
  /** Names; all images, if there are none. */
  readonly only: readonly string[];
  readonly except: readonly string[];
}

export interface Choice {
  /** Those that the shelf does not have. */
  readonly taken: readonly ListedImage[];
  /** Those that are on the shelf: they stay there. */
  readonly shelved: readonly ListedImage[];
  /** Images on the shelf that the container has no more, or that are not wanted. They stay, too. */
  readonly returning: readonly string[];
}

/**
 * @param onShelf Images of the shelf that the same manager has in the same store.
 * @throws LarderError for a name that no image has.
 */
export function chooseImages(
  listed: readonly ListedImage[],
  onShelf: readonly ShelvedImage[],
  { only, except }: Wishes,
): Choice {
  const names = new Set(listed.map(nameOf));
  const wanted = only.length > 0 ? parseNames("--only", only, names) : names;
  const unwanted = parseNames("--except", except, names);
  const chosen = listed.filter((image) => wanted.has(nameOf(image)) && !unwanted.has(nameOf(image)));
  const shelvedKeys = new Set(onShelf.map(shelvedKey));
  const isShelved = (image: ListedImage) => shelvedKeys.has(listedKey(image));
  // A newer image of the same name takes the place of the one on the shelf.
  const places = new Set(chosen.map(placeOf));
  return {
    taken: chosen.filter((image) => !isShelved(image)),
    shelved: chosen.filter(isShelved),
    returning: [...new Set(onShelf.filter((image) => !places.has(placeOf(image))).map(nameOf))].sort(),
  };
}

/** A name in messages and on the command line: `redis:7`, and with a digest only if it has no tag. */
export function nameOf({ reference }: { readonly reference: Reference }): string {
  const { digest: _, ...withoutDigest } = reference;
  return familiarReference(reference.tag === undefined ? reference : withoutDigest);
}

function parseNames(flag: string, words: readonly string[], names: ReadonlySet<string>): Set<string> {
  const found = words.map((word) => {
    const name = nameOf({ reference: parse(flag, word) });
    if (names.has(name)) return name;
    const list = [...names].sort().join(", ") || "none";
    throw usageError(`${flag}=${word}: the container has no such image; it has ${list}`);
  });
  return new Set(found);
}

function parse(flag: string, word: string): Reference {
  try {
    return parseReference(word);
  } catch (error) {
    throw usageError(`${flag}=${word}: ${(error as Error).message}`);
  }
}

/** The graph driver knows an image by its ID, containerd by the digest of its manifest or index. */
function listedKey(image: ListedImage): string {
  return `${placeOf(image)} ${image.target}`;
}

function shelvedKey(image: ShelvedImage): string {
  return `${placeOf(image)} ${image.store === "overlay2" ? image.imageId : image.reference.digest}`;
}

function placeOf(image: Pick<ListedImage, "reference" | "namespace">): string {
  const { namespace = dockersNamespace } = image;
  return `${namespace} ${nameOf(image)}`;
}

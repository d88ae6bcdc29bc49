import { lstat, readFile } from "node:fs/promises";
import { LarderError } from "../error.js";
import { compare } from "../files/bytes.js";
import { isDigest } from "../image/digest.js";
import type { InnerImage } from "../image/inner-image.js";
import { familiarName } from "../image/reference.js";
import { isObject } from "../is-object.js";
import { onShelf, shelf } from "./paths.js";

/** `/usr/lib/larder/preload.json`: everything that PRELOAD has put into the system image so far. */
export interface Preload {
  readonly version: 1;
  readonly images: readonly ShelvedImage[];
}

export interface ShelvedImage extends InnerImage {
  /** Name of the store whose catalog has the image. */
  readonly store: string;
  /** containerd's namespace of the image. */
  readonly namespace?: string;
}

/**
 * Reads `preload.json` of an earlier PRELOAD in the stage. @param folder `/usr/lib/larder` of the stage.
 * @param stores names of all stores.
 * @throws LarderError if a later Larder wrote the file, or if its form is not Larder's.
 */
export async function readPreload(folder: string, stores: readonly string[]): Promise<Preload> {
  const path = `${folder}/${onShelf.preload}`;
  const found = await lstat(path).catch(() => undefined);
  if (!found) return { version: 1, images: [] };
  if (!found.isFile()) throw foreign("it is no regular file");
  return parsePreload(await readFile(path, "utf8"), stores);
}

export function parsePreload(text: string, stores: readonly string[]): Preload {
  let file: Readonly<Record<string, unknown>>;
  try {
    file = objectOf(JSON.parse(text));
  } catch (error) {
    throw foreign(error instanceof Error ? error.message : String(error));
  }
  if (typeof file.version === "number" && file.version > 1) {
    throw new LarderError(
      `the base image's /${shelf}/preload.json is of version ${file.version}, made by a later Larder; this one knows 1: ` +
        "use a frontend as new as that one",
    );
  }
  if (file.version !== 1) throw foreign("it has no version");
  if (!Array.isArray(file.images)) throw foreign("it has no images");
  const wrong = file.images.findIndex((image) => !isShelvedImage(image, stores));
  if (wrong >= 0) throw foreign(`images[${wrong}] is none`);
  return file as unknown as Preload;
}

function isShelvedImage(value: unknown, stores: readonly string[]): value is ShelvedImage {
  const image = objectOf(value);
  const reference = objectOf(image.reference);
  const platform = objectOf(image.platform);
  const areStrings = (values: readonly unknown[]): boolean => values.every((one) => typeof one === "string");
  return (
    areStrings([reference.domain, reference.path, platform.os, platform.architecture]) &&
    areStrings([reference.tag ?? "", platform.variant ?? "", image.namespace ?? ""]) &&
    stores.some((name) => name === image.store) &&
    Array.isArray(image.diffIds) &&
    [reference.digest, image.imageId, ...image.diffIds].every(isDigest)
  );
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function foreign(why: string): LarderError {
  return new LarderError(
    `the base image's /${shelf}/preload.json is none of Larder's (${why}): build FROM an image whose /${shelf} is as PRELOAD ` +
      "left it",
  );
}

/**
 * Adds these images, sorted. An image replaces an earlier one with the same reference in the same store and namespace.
 */
export function mergePreload(
  earlier: Preload,
  images: readonly InnerImage[],
  where: Pick<ShelvedImage, "store" | "namespace">,
): Preload {
  const added = images.map((image) => ({ ...image, ...where }));
  const byReference = new Map([...earlier.images, ...added].map((image) => [keyOf(image), image]));
  const sorted = [...byReference].sort(([a], [b]) => compare(a, b));
  return { version: 1, images: sorted.map(([, image]) => plainImage(image)) };
}

export function formatPreload(preload: Preload): string {
  return `${JSON.stringify(preload, undefined, 1)}\n`;
}

function keyOf({ reference, store, namespace }: ShelvedImage): string {
  const name = familiarName(reference);
  const image = reference.tag === undefined ? `${name}@${reference.digest}` : `${name}:${reference.tag}`;
  return [image, store, namespace].join(" ");
}

/** The fields of the file in their order, and no others. */
function plainImage({ reference, platform, store, namespace, imageId, diffIds }: ShelvedImage): ShelvedImage {
  const { domain, path, tag, digest } = reference;
  const { os, architecture, variant } = platform;
  return {
    reference: { domain, path, ...(tag !== undefined && { tag }), digest },
    platform: { os, architecture, ...(variant !== undefined && { variant }) },
    store,
    ...(namespace !== undefined && { namespace }),
    imageId,
    diffIds: [...diffIds],
  };
}

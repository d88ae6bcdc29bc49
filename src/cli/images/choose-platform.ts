import { LarderError } from "../../error.js";
import { formatPlatform, ownArchitecture, type Platform, parsePlatform } from "../../image/platform.js";
import { usageError } from "../usage-error.js";

/** Something of an image that it has once for each platform. */
export interface ForPlatform {
  readonly platform: Platform;
}

/** The platform of system images here, unless the user says another: they are Linux's. */
export function ownPlatform(): Platform {
  return { os: "linux", architecture: ownArchitecture() };
}

/** @throws LarderError for a word that is no platform. */
export function readPlatform(text: string): Platform {
  try {
    return parsePlatform(text);
  } catch (error) {
    throw usageError(`--platform "${text}": ${LarderError.from(error).message}`);
  }
}

/**
 * The one of this platform. @param asked `--platform`. @param preferred is taken if nothing was asked for and the image
 * has it. An image for one platform needs no choice.
 * @throws LarderError that lists the platforms of the image.
 */
export function choosePlatform<T extends ForPlatform>(
  name: string,
  candidates: readonly T[],
  asked: Platform | undefined,
  preferred: Platform,
): T {
  const wanted = asked ?? preferred;
  const [found] = candidates.filter(({ platform }) => isSame(platform, wanted));
  if (found) return found;
  const [only] = candidates;
  if (!asked && only && candidates.length === 1) return only;
  const list = candidates.map(({ platform }) => formatPlatform(platform)).join(", ");
  if (!only) throw new LarderError(`image "${name}": it has no platform, only attestations or nothing`);
  throw new LarderError(
    `image "${name}": it is not for ${formatPlatform(wanted)}; say --platform with one of: ${list}`,
  );
}

function isSame(one: Platform, other: Platform): boolean {
  const sameVariant = other.variant === undefined || one.variant === other.variant;
  return one.os === other.os && one.architecture === other.architecture && sameVariant;
}

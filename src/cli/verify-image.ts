import { LarderError } from "../error.js";
import { isSystemImage } from "../shelf/verify/check-config.js";
import type { Programs } from "../shelf/verify/check-programs.js";
import { type Verification, verifyImage } from "../shelf/verify/verify.js";
import type { OuterImage } from "./images/outer-image.js";
import type { Progress } from "./output/progress.js";

export interface VerifiedImage {
  readonly name: string;
  readonly digest?: string;
  /** DiffIDs of the outer layers, the bottom one first. */
  readonly outerLayers: readonly string[];
  readonly verification: Verification;
}

/** @throws LarderError for an image in which nothing is preloaded. */
export function checkIsSystemImage({ name, config }: OuterImage): void {
  if (isSystemImage(config)) return;
  throw new LarderError(
    `image "${name}": it is no system image: it has neither the label io.larder.preload nor PRELOAD in its history`,
  );
}

export async function verifyOuterImage(
  image: OuterImage,
  programs: Programs,
  progress: Progress,
): Promise<VerifiedImage> {
  const { name, digest, layers } = image;
  const verification = await verifyImage(image, programs, ({ done, of, again }) =>
    progress.step(`${name}: reading outer layer ${done + 1} of ${of}${again ? " again" : ""}`),
  );
  const outerLayers = layers.map(({ diffId }) => diffId);
  return { name, ...(digest !== undefined && { digest }), outerLayers, verification };
}

export function verificationJson({ name, digest, outerLayers, verification }: VerifiedImage): object {
  const { faults, notes, images, layers } = verification;
  return { name, digest, images, layers, outerLayers, faults, notes };
}

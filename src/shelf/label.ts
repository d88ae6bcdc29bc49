/**
 * The image's label `io.larder.preload` marks a system image and gives the version of its form. The label is small
 * however many images there are: containerd refuses to start a container with a label of more than 4,096 bytes.
 * `preload.json` of the shelf lists the inner images. The image's history lists their layers, too ({@link
 * ./history.ts}).
 */
import { type ImageConfig, labelsOf } from "../image/config.js";
import { isObject } from "../is-object.js";

export const preloadLabel = "io.larder.preload";

export const labelVersion = 2;

/** @param layers number of inner layers in the image. */
export function formatLabel(layers: number): string {
  return JSON.stringify({ version: labelVersion, layers });
}

/**
 * Checks the label of a base image. An earlier Larder wrote an array; a later one writes a higher version.
 * @throws Error for a label that neither this Larder nor an earlier one wrote.
 */
export function checkLabel(config: ImageConfig): void {
  const text = labelsOf(config)[preloadLabel];
  if (!text) return;
  const value = parseJson(text);
  if (Array.isArray(value)) return;
  const found = isObject(value) ? value.version : undefined;
  if (found === labelVersion) return;
  if (typeof found === "number" && found > labelVersion) {
    throw new Error(
      `the stage's base image was made by a later Larder (its label ${preloadLabel} is of version ${found}, this ` +
        `frontend knows ${labelVersion}): use a frontend as new as that one`,
    );
  }
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  throw new Error(
    `the label ${preloadLabel} of the stage is none of Larder's: ${shown}; say LABEL ${preloadLabel}= above PRELOAD ` +
      "if nothing is preloaded there, or build FROM another image",
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

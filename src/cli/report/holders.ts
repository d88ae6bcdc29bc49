import type { LayerOrigin } from "../../shelf/history.js";
import type { LayerReport, SystemImage } from "./system-image.js";

/** All inner images that have a layer in this outer layer, as far as they are known. */
export function holdersOf({ inner }: SystemImage, { index }: LayerReport): LayerOrigin[] {
  return inner.flatMap(({ name, layers }) =>
    layers.flatMap(({ outer }, position) =>
      outer === index ? [{ image: name, position: position + 1, of: layers.length }] : [],
    ),
  );
}

/** In a table: `redis:7 1/3, python:3 1/2`. */
export function describeHeld(image: SystemImage, layer: LayerReport): string {
  switch (layer.holds?.kind) {
    case undefined:
      return "the stage's own";
    case "catalog":
      return "catalog";
    case "blobs": {
      const { digests, origin } = layer.holds;
      return origin ? `blob of ${nameOrigin(origin)}` : `${digests.length} small blobs`;
    }
    case "files": {
      const { diffIds } = layer.holds;
      const several = diffIds.length > 1 ? `${diffIds.length} small layers: ` : "";
      return several + holdersOf(image, layer).map(nameOrigin).join(", ");
    }
  }
}

function nameOrigin({ image, position, of }: LayerOrigin): string {
  return `${image} ${position}/${of}`;
}

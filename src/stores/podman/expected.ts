import type { Digest } from "../../image/digest.js";
import { anyContent, type ExpectedFiles } from "../expected-files.js";
import { hides } from "../overlay2/lowers.js";
import type { PodmanModel } from "./model.js";
import { imageEntries, layerEntries, rootDirectories } from "./tree.js";
import { indexEntries } from "./write.js";

/**
 * The files that a catalog with this model has: those that `write` wrote for the PRELOADs one after another.
 * @throws Error for a model in which layers are missing.
 */
export function expectedFiles(model: PodmanModel): ExpectedFiles {
  return {
    entries: [
      ...rootDirectories(),
      { kind: "directory", path: "db", mode: 0o755 },
      ...Object.keys(model.layers).flatMap((chainId) => layerEntries(model, chainId, "")),
      ...Object.entries(model.images).flatMap(([imageId, image]) => {
        const any = new Map<Digest, Buffer>(
          Object.keys(image.documents).map((digest) => [digest, Buffer.alloc(0)]),
        );
        return imageEntries(imageId, image, any).map((entry) =>
          entry.kind === "file" ? anyContent(entry.path, entry.mode) : entry,
        );
      }),
      ...(Object.values(model.layers).some(hides) ? [anyContent("whiteouts.tar")] : []),
      ...indexEntries(model),
    ],
    leftovers: [],
  };
}

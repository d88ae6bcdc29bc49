import { sha256 } from "../../image/digest.js";
import { fileEntry } from "../../shelf/entry.js";
import { anyContent, type ExpectedFiles } from "../expected-files.js";
import { formatSteps, nameArchive } from "./merge-steps.js";
import { type ContainerdModel, formatModel } from "./model.js";
import { blobEntries, databases, rootDirectories, snapshotEntries } from "./tree.js";
import { formatImages, formatSnapshots } from "./write.js";

/** The files that a catalog with this model has: those that `write` wrote for the PRELOADs one after another. */
export function expectedFiles(model: ContainerdModel): ExpectedFiles {
  const { images, snapshots, blobs } = model;
  const text = formatModel(model);
  const absent = blobs.filter(({ holds }) => holds === "absent");
  return {
    entries: [
      ...rootDirectories(),
      ...snapshots.flatMap(snapshotEntries),
      ...blobs.flatMap((blob) => {
        const [file, ...others] = blobEntries(blob, Buffer.alloc(0));
        return file?.kind === "file"
          ? [anyContent(file.path, file.mode)]
          : [...(file ? [file] : []), ...others];
      }),
      ...Object.keys(databases).map((name) => anyContent(name, 0o600)),
      ...(snapshots.some(({ holds }) => holds === "whiteouts") ? [anyContent("whiteouts.tar")] : []),
      fileEntry("snapshots", formatSnapshots(model)),
      ...(snapshots.some(({ xattrs }) => xattrs) ? [fileEntry("xattrs", "")] : []),
      ...(absent.length > 0 ? [fileEntry("no-blobs", "")] : []),
      fileEntry("images", formatImages(model)),
      fileEntry("steps", formatSteps(model)),
      ...images.map((image) => anyContent(nameArchive(image))),
      fileEntry("catalog.json", text),
      fileEntry("id", `${sha256(text)}\n`),
    ],
    // An earlier PRELOAD kept a blob that a later one left out, or left out one that a later one kept.
    leftovers: [
      ...absent.flatMap((blob) => blobEntries({ ...blob, holds: "layer" })),
      fileEntry("no-blobs", ""),
    ],
  };
}

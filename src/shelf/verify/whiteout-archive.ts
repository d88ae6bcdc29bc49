import { Readable } from "node:stream";
import { type ByteString, parentsOf } from "../../files/bytes.js";
import { readTar } from "../../files/read-tar.js";
import { cleanPath } from "../layer-names.js";
import { onShelf, shelf } from "../paths.js";
import type { WhiteoutDirectory } from "../whiteout-tar.js";
import { showPath } from "../whiteouts.js";
import type { Findings } from "./findings.js";
import type { ShelfContents } from "./shelf-contents.js";

/** Compares `whiteouts.tar` of a catalog, which attach unpacks, with the layers' whiteouts. */
export async function checkWhiteoutArchive(
  store: string,
  directories: readonly WhiteoutDirectory[],
  contents: ShelfContents,
  findings: Findings,
): Promise<void> {
  const path = `${shelf}/${onShelf.catalog(store)}/whiteouts.tar`;
  const found = contents.files.get(path);
  if (!found?.content || directories.length === 0) return;
  const where = { outer: found.outer, path: `/${path}` };
  const devices = new Set(directories.flatMap((one) => one.whiteouts.map((name) => `${one.path}/${name}`)));
  const above = new Set([...devices, ...directories.map((one) => `${one.path}/`)].flatMap(parentsOf));
  try {
    for await (const { entry } of readTar(Readable.from([found.content]))) {
      const name = cleanPath(entry.name) ?? "";
      if (entry.kind === "directory" && (name === "" || above.has(name))) continue;
      const isWhiteout = entry.kind === "character device" && entry.major === 0 && entry.minor === 0;
      if (!isWhiteout || !devices.delete(name)) findings.fault(where, surplus(name, isWhiteout));
    }
  } catch (error) {
    findings.fault(where, `is no whole tar: ${(error as Error).message}`);
  }
  for (const name of devices) findings.fault(where, `lacks ${showPath(name)}, which a layer deletes`);
}

function surplus(name: ByteString, isWhiteout: boolean): string {
  const shown = showPath(name);
  return isWhiteout ? `deletes ${shown}, which no layer deletes` : `has ${shown}, which is no deletion`;
}

import type { StoreName } from "../../stores/table.js";
import { fileEntry, type ShelfEntry } from "../entry.js";
import { onShelf, shelf } from "../paths.js";
import { formatWhiteouts } from "../whiteouts.js";
import { surplus } from "./compare-catalog.js";
import type { Findings } from "./findings.js";
import type { ShelfContents } from "./shelf-contents.js";
import { compareShelfEntry } from "./shelf-entry.js";

/** Says what a PRELOAD answered to the frontend; later builds write it anew. */
const answer = "answer.json";

/** Checks all of the shelf but layers' files, blobs, catalogs and programs. @param stores those with a catalog. */
export function checkShelfFiles(
  contents: ShelfContents,
  stores: readonly StoreName[],
  findings: Findings,
): void {
  const expected = new Map(expectedEntries(contents).map((entry) => [entry.path, entry]));
  const checked = [`${onShelf.bin}/`, ...stores.map((store) => `${onShelf.catalog(store)}/`)];
  for (const [full, file] of contents.files) {
    const path = full.slice(shelf.length + 1);
    if (
      checked.some((folder) => path.startsWith(folder)) ||
      stores.some((store) => path === onShelf.catalog(store))
    )
      continue;
    const entry = expected.get(path);
    if (entry) compareShelfEntry(full, file, entry, findings);
    else findings.fault({ outer: file.outer, path: `/${full}` }, surplus(full, file));
  }
  for (const { diffId, facts, result } of contents.layers.values()) {
    const path = `${shelf}/${onShelf.whiteouts(diffId)}`;
    // The list comes after the files, in the part that is cut off.
    if (!facts?.whiteouts.length || result === "cut off" || contents.files.has(path)) continue;
    const list = formatWhiteouts(facts.whiteouts).trimEnd().split("\n").join(" ");
    findings.fault({ layer: diffId, path: `/${path}` }, `is missing, should list ${list}`);
  }
  checkDockerVersion(contents, findings);
}

function expectedEntries({ layers }: ShelfContents): ShelfEntry[] {
  const directories = ["", ...onShelf.directories].map((path) => directory(path));
  const files = [onShelf.preload, onShelf.dockerVersion, answer].map(anyFile);
  const folders = [...layers.values()].flatMap(({ diffId, facts }) => {
    const list = onShelf.whiteouts(diffId);
    const known = facts?.whiteouts.length ? [fileEntry(list, formatWhiteouts(facts.whiteouts))] : [];
    return [directory(onShelf.layer(diffId)), ...(facts ? known : [anyFile(list)])];
  });
  return [...directories, ...files, ...folders];
}

function directory(path: string): ShelfEntry {
  return { kind: "directory", path, mode: 0o755 };
}

function anyFile(path: string): ShelfEntry {
  return { kind: "copy", path, mode: 0o644, from: "" };
}

/** Attach chooses the store by it. */
function checkDockerVersion({ files }: ShelfContents, findings: Findings): void {
  const path = `${shelf}/${onShelf.dockerVersion}`;
  const file = files.get(path);
  const text = file?.content?.toString("utf8");
  if (text === undefined || /^(?:\d+\.\d+\S*|23 to 28|29 or later)\n$/.test(text)) return;
  findings.fault(
    { outer: file?.outer, path: `/${path}` },
    `says ${JSON.stringify(text.slice(0, 60))}, should say a version of Docker`,
  );
}

import { parentsOf } from "../../files/bytes.js";
import { parseCatalog } from "../../stores/catalog-json.js";
import type { ExpectedFiles } from "../../stores/expected-files.js";
import type { StoreName } from "../../stores/table.js";
import type { ShelfEntry } from "../entry.js";
import { onShelf, shelf } from "../paths.js";
import { showPath } from "../whiteouts.js";
import type { CatalogCheck } from "./catalog-check.js";
import type { Findings } from "./findings.js";
import type { ShelfContents, ShelfFile } from "./shelf-contents.js";
import { compareShelfEntry, leadsOut } from "./shelf-entry.js";

/**
 * The model of a store's catalog, once the catalog's files have been compared with those that follow from it.
 * @returns `fault` reports what is wrong with the model itself.
 * @throws Error for a model of another form.
 */
export function checkFiles<Model extends { readonly version: 1 }>(
  store: StoreName,
  expectedFiles: (model: Model) => ExpectedFiles,
  { contents, findings }: CatalogCheck,
): { readonly model: Model; fault(what: string): void } {
  const path = `${shelf}/${onShelf.catalog(store)}/catalog.json`;
  const file = contents.files.get(path);
  const model = parseCatalog<Model>(file?.content?.toString("utf8") ?? "");
  compareCatalog(store, expectedFiles(model), contents, findings);
  return { model, fault: (what) => findings.fault({ outer: file?.outer, path: `/${path}` }, what) };
}

/** Names the files of a catalog that are not as expected. */
function compareCatalog(
  store: StoreName,
  { entries, leftovers }: ExpectedFiles,
  contents: ShelfContents,
  findings: Findings,
): void {
  const folder = `${shelf}/${onShelf.catalog(store)}`;
  const expected = withDirectories(entries);
  const allowed = new Map(leftovers.map((entry) => [entry.path, entry]));
  for (const [path, entry] of expected) {
    const full = path === "" ? folder : `${folder}/${path}`;
    const found = contents.files.get(full);
    if (found) compareShelfEntry(full, found, entry, findings);
    else findings.fault({ path: `/${full}` }, `is missing, should be ${describe(entry)}`);
  }
  for (const [full, found] of contents.files) {
    if (!full.startsWith(`${folder}/`)) continue;
    const path = full.slice(folder.length + 1);
    if (expected.has(path)) continue;
    const leftover = allowed.get(path);
    if (leftover) compareShelfEntry(full, found, leftover, findings);
    else findings.fault({ outer: found.outer, path: `/${showPath(full)}` }, surplus(full, found));
  }
}

/** With the directories above the entries, the outermost first. */
function withDirectories(entries: readonly ShelfEntry[]): Map<string, ShelfEntry> {
  const all = new Map<string, ShelfEntry>([["", { kind: "directory", path: "", mode: 0o755 }]]);
  for (const { path } of entries) {
    for (const above of parentsOf(path)) {
      if (!all.has(above)) all.set(above, { kind: "directory", path: above, mode: 0o755 });
    }
  }
  for (const entry of entries) all.set(entry.path, entry);
  return all;
}

function describe(entry: ShelfEntry): string {
  return entry.kind === "link"
    ? `a link to ${entry.target}`
    : entry.kind === "directory"
      ? "a directory"
      : "a file";
}

/** A file that no PRELOAD has put onto the shelf. */
export function surplus(path: string, { entry }: ShelfFile): string {
  const { kind, linkName } = entry;
  if (kind !== "symbolic link") return `is a ${kind} of no PRELOAD, should not be there`;
  const out = leadsOut(path, linkName) ? ", which leads outside of the shelf" : "";
  return `is a link to ${showPath(linkName)}${out}, should not be there`;
}

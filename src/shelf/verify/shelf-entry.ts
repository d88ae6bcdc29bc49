import type { ShelfEntry } from "../entry.js";
import { cleanPath } from "../layer-names.js";
import { shelf } from "../paths.js";
import { showPath } from "../whiteouts.js";
import { differences } from "./compare-file.js";
import { impliedDirectory, type LayerFile } from "./expected-tree.js";
import type { Findings } from "./findings.js";
import type { ShelfFile } from "./shelf-contents.js";

/** Larder's own files belong to root and have the time 0. A `copy` may have any content. */
export function compareShelfEntry(
  path: string,
  found: ShelfFile,
  expected: ShelfEntry,
  findings: Findings,
): void {
  const where = { outer: found.outer, path: `/${showPath(path)}` };
  for (const difference of differences(found.entry, fileOf(expected, found)))
    findings.fault(where, difference);
  const { kind, linkName } = found.entry;
  if (kind === "symbolic link" && leadsOut(path, linkName) && expected.kind !== "link") {
    findings.fault(where, `leads outside of the shelf, to ${showPath(linkName)}`);
  }
  if (expected.kind !== "file" || kind !== "file") return;
  if (found.content?.equals(expected.content) === false)
    findings.fault(where, otherContent(found, expected.content));
}

function fileOf(entry: ShelfEntry, { entry: { size }, content }: ShelfFile): LayerFile {
  const common = impliedDirectory(entry.path);
  switch (entry.kind) {
    case "directory":
      return { ...common, mode: entry.mode };
    case "link":
      return { ...common, kind: "symbolic link", linkName: entry.target };
    case "file":
      // A difference of the content says more than that of the size.
      return { ...common, kind: "file", mode: entry.mode, size: content ? size : entry.content.length };
    case "copy":
      return { ...common, kind: "file", mode: entry.mode, size };
  }
}

/** Short texts are told, of long ones the first place that differs. */
function otherContent({ content }: ShelfFile, expected: Buffer): string {
  const [is, should] = [content ?? Buffer.alloc(0), expected].map((bytes) =>
    bytes.toString("utf8").trimEnd(),
  );
  if (
    is !== undefined &&
    should !== undefined &&
    is.length + should.length < 300 &&
    !/\n/.test(is + should)
  ) {
    return `says ${is}, should say ${should}`;
  }
  const lines = is?.split("\n") ?? [];
  const index = lines.findIndex((line, at) => line !== should?.split("\n")[at]);
  return `has another content, from line ${index + 1} on`;
}

/** @param path of the link in the system image. */
export function leadsOut(path: string, target: string): boolean {
  const full = cleanPath(target.startsWith("/") ? target : `${path}/../${target}`);
  return full === undefined || !full.startsWith(`${shelf}/`);
}

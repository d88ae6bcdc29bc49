import { onShelf, shelf } from "../paths.js";
import { showPath } from "../whiteouts.js";
import { surplus } from "./compare-catalog.js";
import { differences } from "./compare-file.js";
import { impliedDirectory } from "./expected-tree.js";
import type { Findings } from "./findings.js";
import type { ShelfContents, ShelfFile } from "./shelf-contents.js";

/** This Larder's own programs for containers, by their names: `attach`, its parts, and `shim`. */
export type Programs = ReadonlyMap<string, Buffer>;

const otherVersion = "is not of this version of Larder: another one wrote it, or somebody has changed it";

/**
 * Checks the programs that run in containers. An image does not say which Larder made it, so other contents are a note,
 * and what no Larder would write is a fault.
 */
export function checkPrograms(contents: ShelfContents, programs: Programs, findings: Findings): void {
  const folder = `${shelf}/${onShelf.bin}`;
  for (const [path, file] of contents.files) {
    if (!path.startsWith(`${folder}/`)) continue;
    const name = path.slice(folder.length + 1);
    const where = { outer: file.outer, path: `/${showPath(path)}` };
    if (file.entry.kind !== "file") {
      findings.fault(where, surplus(path, file));
      continue;
    }
    compareMode(file, name === "attach" ? 0o755 : 0o644, where, findings);
    if (!file.content || programs.get(name)?.equals(file.content) !== true)
      findings.note(where, otherVersion);
  }
  if (!contents.files.has(`${folder}/attach`)) {
    findings.fault(
      { path: `/${folder}/attach` },
      "is missing, should be a program: no container gets the images",
    );
  }
  for (const name of programs.keys()) {
    const path = `${folder}/${name}`;
    const isOfThis = contents.files
      .get(`${folder}/attach`)
      ?.content?.equals(programs.get("attach") ?? Buffer.alloc(0));
    if (!isOfThis || name === "shim" || contents.files.has(path)) continue;
    findings.fault({ path: `/${path}` }, "is missing, should be a part of attach");
  }
  checkOutside(contents, programs, findings);
}

const shimMark = "# larder-shim";
const dropInMark = "# Larder: ";

/** Shims and drop-ins. A daemon of the same name is none of Larder's files. */
function checkOutside({ outside }: ShelfContents, programs: Programs, findings: Findings): void {
  const shim = shimPattern(programs.get("shim"));
  for (const [path, file] of outside) {
    const text = file.content?.toString("utf8") ?? "";
    const where = { outer: file.outer, path: `/${showPath(path)}` };
    if (text.split("\n")[1] === shimMark) {
      compareMode(file, 0o755, where, findings);
      if (!shim?.test(text)) findings.note(where, otherVersion);
    } else if (path.endsWith("/larder.conf") && text.startsWith(dropInMark)) {
      compareMode(file, 0o644, where, findings);
      if (!dropIn.test(text)) findings.note(where, otherVersion);
    }
  }
}

function compareMode(
  { entry, content }: ShelfFile,
  mode: number,
  where: { readonly outer: number; readonly path: string },
  findings: Findings,
): void {
  const expected = {
    ...impliedDirectory(""),
    kind: "file",
    mode,
    size: content?.length ?? entry.size,
  } as const;
  for (const difference of differences(entry, expected)) findings.fault(where, difference);
}

/** The shim with any words in the places that depend on the stage. */
function shimPattern(shim: Buffer | undefined): RegExp | undefined {
  const escaped = shim?.toString("utf8").replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return escaped === undefined
    ? undefined
    : new RegExp(`^${escaped.replace(/@(?:UNLESS_FOUND)@/g, "[^]*").replace(/@[A-Z]+@/g, "[^\\n]*")}$`);
}

const dropIn = new RegExp(
  `^# Larder: the images of PRELOAD, see /${shelf}/${onShelf.preload}\\n\\[Service\\]\\nPassEnvironment=LARDER_ATTACH\\n` +
    `ExecStartPre=-/${shelf}/${onShelf.bin}/attach [^\\n]*\\n$`,
);

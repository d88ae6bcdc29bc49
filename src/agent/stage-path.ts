/** Paths in the stage, as a process there sees them: the stage is the root, and links cannot leave it. */
import { lstat, readFile, readlink, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { LarderError } from "../error.js";

/** The kernel's limit (path_resolution(7)). */
const maxLinks = 40;

/**
 * Follows the symbolic links of a path as the kernel does: `link/..` is the directory above the link's target.
 * @param path Absolute, as a process in the stage sees it.
 * @returns the path without links, absolute in the stage; undefined if nothing is there.
 */
export async function resolveInStage(stage: string, path: string): Promise<string | undefined> {
  const { resolved, missing } = await walk(stage, path);
  return missing.length === 0 ? resolved : undefined;
}

/**
 * The place of a file that is written to this path. The file may exist.
 * @returns the path without links, absolute in the stage.
 * @throws LarderError if no file can be there: below a file, or behind links that form a circle.
 */
export async function placeInStage(stage: string, path: string): Promise<string> {
  const { resolved, missing } = await walk(stage, path);
  const found = await lstat(stage + resolved);
  if (missing.includes("..") || found.isSymbolicLink() || (missing.length > 0 && !found.isDirectory())) {
    throw new LarderError(
      `the stage's ${resolved} is no directory, so that Larder cannot write ${path}: make it one above PRELOAD`,
    );
  }
  return [resolved === "/" ? "" : resolved, ...missing].join("/") || "/";
}

/** @returns the existing part without links, and the missing names after it. */
async function walk(stage: string, path: string): Promise<{ resolved: string; missing: string[] }> {
  let resolved = "/";
  let links = 0;
  const parts = partsOf(path);
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const here = await lstat(stage + resolved);
    if (!here.isDirectory()) return { resolved, missing: [part, ...parts] };
    if (part === ".") continue;
    if (part === "..") {
      resolved = dirname(resolved);
      continue;
    }
    const next = resolved === "/" ? `/${part}` : `${resolved}/${part}`;
    const found = await lstat(stage + next).catch(() => undefined);
    if (!found) return { resolved, missing: [part, ...parts.filter((name) => name !== ".")] };
    if (!found.isSymbolicLink()) {
      resolved = next;
      continue;
    }
    if (++links > maxLinks) return { resolved: next, missing: [".", ...parts] };
    const target = await readlink(stage + next);
    if (target.startsWith("/")) resolved = "/";
    parts.unshift(...partsOf(target));
  }
  return { resolved, missing: [] };
}

function partsOf(path: string): string[] {
  return path.split("/").filter(Boolean);
}

/** The second line of Larder's programs that run in place of a daemon; see src/attach. */
export const shimMark = "# larder-shim";

export interface FoundDaemon {
  /** The directory of PATH with the program, as PATH names it. */
  readonly directory: string;
  /** The program itself, without symbolic links. */
  readonly program: string;
}

/** The first executable of this name in PATH that is not Larder's own. */
export async function findDaemon(
  stage: string,
  path: readonly string[],
  name: string,
): Promise<FoundDaemon | undefined> {
  for (const directory of path) {
    const program = await resolveInStage(stage, `${directory}/${name}`);
    if (program === undefined) continue;
    const found = await stat(stage + program);
    if (!found.isFile() || (found.mode & 0o111) === 0) continue;
    if (await isShim(stage + program)) continue;
    return { directory, program };
  }
  return undefined;
}

/** @param file on the machine; it need not be there. */
export async function isShim(file: string): Promise<boolean> {
  const found = await lstat(file).catch(() => undefined);
  // A shim is small, so there is no need to read a whole daemon.
  if (!found?.isFile() || found.size > 10_000) return false;
  return (await readFile(file, "latin1")).split("\n")[1] === shimMark;
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The directories in PATH of an image's environment (`NAME=value`), absolute ones only. */
export function pathOf(env: readonly string[]): string[] {
  const setting = env.find((line) => line.startsWith("PATH="))?.slice("PATH=".length) || defaultPath;
  return setting.split(":").filter((directory) => directory.startsWith("/"));
}

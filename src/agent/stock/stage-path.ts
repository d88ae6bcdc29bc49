import { lstat, readFile, readlink, stat } from "node:fs/promises";
import { dirname, join, normalize, resolve } from "node:path";

const maxLinks = 40;

/**
 * Where a path leads when the stage is the root: symbolic links are followed inside the stage.
 * @param path Absolute, as a process in the stage would say it.
 * @returns the path without links, absolute in the stage; undefined if nothing is there.
 */
export async function resolveInStage(stage: string, path: string, links = 0): Promise<string | undefined> {
  let resolved = "/";
  const parts = normalize(path).split("/").filter(Boolean);
  for (const [index, part] of parts.entries()) {
    const next = join(resolved, part);
    const found = await lstat(stage + next).catch(() => undefined);
    if (!found) return undefined;
    if (found.isSymbolicLink()) {
      if (links >= maxLinks) return undefined;
      const target = resolve(dirname(next), await readlink(stage + next));
      return resolveInStage(stage, join(target, ...parts.slice(index + 1)), links + 1);
    }
    resolved = next;
  }
  return resolved;
}

/** Second line of our own programs that stand in for a daemon; see src/attach. */
export const shimMark = "# larder-shim";

export interface FoundDaemon {
  /** The directory of PATH that it was found in, as PATH has it. */
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
    const program = await resolveInStage(stage, join(directory, name));
    if (program === undefined) continue;
    const found = await stat(stage + program);
    if (!found.isFile() || (found.mode & 0o111) === 0) continue;
    if (await isShim(stage + program)) continue;
    return { directory, program };
  }
  return undefined;
}

async function isShim(file: string): Promise<boolean> {
  const { size } = await stat(file);
  // A shim is small; a daemon is not read whole for this.
  if (size > 10_000) return false;
  return (await readFile(file, "latin1")).split("\n")[1] === shimMark;
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The directories of PATH of an image's environment (`NAME=value`), absolute ones only. */
export function pathOf(env: readonly string[]): string[] {
  const setting = env.find((line) => line.startsWith("PATH="))?.slice("PATH=".length) || defaultPath;
  return setting.split(":").filter((directory) => directory.startsWith("/"));
}

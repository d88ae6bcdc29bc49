import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type DaemonName, embeddingPrograms } from "../../daemons.js";
import { LarderError } from "../../error.js";
import type { CatalogFiles } from "../../shelf/catalog-files.js";
import { type FoundDaemon, findDaemon, pathOf, placeInStage, resolveInStage } from "../stage-path.js";
import { programs } from "./programs.js";
import { shellWord } from "./shell-word.js";

/** A program that runs in place of a daemon that is started by its name. */
export interface Shim {
  readonly name: string;
  /** attach's arguments, quoted for the shell. */
  readonly attach: string;
  /** The commands of the program that start the daemon; absent if all do. */
  readonly commands?: readonly string[];
}

export function daemonShim(name: DaemonName): Shim {
  return { name, attach: `${name} "$@"` };
}

/**
 * k3s and RKE2 contain a containerd, which they start from a directory of their own. @param root of that containerd.
 */
export function embeddingShims(root: string): Shim[] {
  const attach = `containerd ${shellWord(`--root=${root}`)}`;
  return embeddingPrograms.map(({ name, commands }) => ({ name, attach, commands }));
}

/** Adds the shim, if the stage has such a program. @returns its path, absolute in the stage. */
export async function addShim(
  files: CatalogFiles,
  stage: string,
  env: readonly string[],
  { name, attach, commands = [] }: Shim,
  from = programs,
): Promise<string | undefined> {
  const path = pathOf(env);
  const daemon = await findDaemon(stage, path, name);
  if (!daemon) return undefined;
  const shim = await readFile(`${from}/shim`, "utf8");
  const chosen = await shimDirectory(stage, path, name, daemon);
  const directory = await placeInStage(stage, chosen);
  const text = shim
    .replace("@COMMANDS@", commands.length > 0 ? ` ${commands.join(" ")} ` : "")
    .replaceAll("@NAME@", name)
    .replace("@DAEMON@", () => shellWord(daemon.program))
    .replace("@ARGUMENTS@", () => attach);
  files.addFile(`${directory.slice(1)}/${name}`, text, 0o755);
  return `${directory}/${name}`;
}

/** Programs of a site belong here. Other directories of PATH may be on a volume. */
const preferred = ["/usr/local/sbin", "/usr/local/bin"];

/** A directory of PATH before the daemon's, with symbolic links resolved. */
async function shimDirectory(
  stage: string,
  path: readonly string[],
  name: string,
  daemon: FoundDaemon,
): Promise<string> {
  const own = dirname((await resolveInStage(stage, `${daemon.directory}/${name}`)) ?? daemon.program);
  const behind = await resolveInStage(stage, daemon.directory);
  const candidates: string[] = [];
  for (const directory of path) {
    // A path that cannot be a directory, such as one below a file, is skipped, as shells do.
    const resolved = await placeInStage(stage, directory).catch(() => undefined);
    if (resolved === undefined) continue;
    if (resolved === own || resolved === behind) break;
    candidates.push(resolved);
  }
  const chosen = candidates.find((directory) => preferred.includes(directory)) ?? candidates[0];
  if (chosen !== undefined) return chosen;
  const before = daemon.directory === "/usr/local/sbin" ? "/usr/local/larder/bin" : "/usr/local/sbin";
  throw new LarderError(
    `no directory comes before ${daemon.directory} in the stage's PATH (${path.join(":")}), where Larder could put ` +
      `its own ${name}: say ENV PATH=${before}:$PATH above PRELOAD`,
  );
}

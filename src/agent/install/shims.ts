import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type DaemonName, embeddingPrograms } from "../../daemons.js";
import { LarderError } from "../../error.js";
import type { CatalogFiles } from "../../shelf/catalog-files.js";
import { type FoundDaemon, findDaemon, pathOf, placeInStage, resolveInStage } from "../stage-path.js";
import { programs } from "./programs.js";
import { shellWord } from "./shell-word.js";

/** A program that runs in a daemon's stead when it is started by its name. */
export interface Shim {
  readonly name: string;
  /** attach's arguments, as the shell reads them. */
  readonly attach: string;
  /** The program's commands that start the daemon; absent: all it is told. */
  readonly commands?: readonly string[];
}

export function daemonShim(name: DaemonName): Shim {
  return { name, attach: `${name} "$@"` };
}

/** k3s and RKE2 have a containerd inside, which they start from a directory of their own. @param root of that one. */
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

/** Where programs of a site belong; another directory of PATH may well be on a volume. */
const preferred = ["/usr/local/sbin", "/usr/local/bin"];

/** A directory of PATH that comes before the daemon's, as it is without symbolic links. */
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
    // A directory of PATH that can never be one, as below a file, is passed over as a shell does it.
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

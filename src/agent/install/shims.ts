import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { commandPrograms, type DaemonName, embeddingPrograms } from "../../daemons.js";
import { LarderError } from "../../error.js";
import type { CatalogFiles } from "../../shelf/catalog-files.js";
import { type FoundDaemon, findDaemon, isShim, pathOf, placeInStage, resolveInStage } from "../stage-path.js";
import { programs } from "./programs.js";
import { shellWord } from "./shell-word.js";

/** A program that runs in place of a daemon that is started by its name. */
export interface Shim {
  readonly name: string;
  /** attach's arguments, quoted for the shell. */
  readonly attach: string;
  /** The commands of the program that start the daemon; absent if all do. */
  readonly commands?: readonly string[];
  /** Only the first argument tells whether the program does nothing but print. Absent: any argument may. */
  readonly asks?: "first";
  /** The shim is there even if the stage has no such program yet. */
  readonly comesLater?: boolean;
}

export function daemonShim(name: DaemonName, comesLater = false): Shim {
  const isCommand = commandPrograms.includes(name);
  return { name, attach: `${name} "$@"`, comesLater, ...(isCommand && { asks: "first" }) };
}

/**
 * k3s and RKE2 contain a containerd, which they start from a directory of their own. @param root of that containerd.
 */
export function embeddingShims(root: string): Shim[] {
  const attach = `containerd ${shellWord(`--root=${root}`)}`;
  return embeddingPrograms.map(({ name, commands }) => ({ name, attach, commands }));
}

/** Adds the shim, if the stage has such a program or will have it. @returns its path, absolute in the stage. */
export async function addShim(
  files: CatalogFiles,
  stage: string,
  env: readonly string[],
  { name, attach, commands = [], asks, comesLater }: Shim,
  from = programs,
): Promise<string | undefined> {
  const path = pathOf(env);
  const daemon = await findDaemon(stage, path, name);
  if (!daemon && !comesLater) return undefined;
  const shim = await readFile(`${from}/shim`, "utf8");
  const chosen = daemon
    ? await shimDirectory(stage, path, name, daemon)
    : await directoryForLater(stage, path, name);
  const directory = await placeInStage(stage, chosen);
  const text = shim
    .replace("@COMMANDS@", commands.length > 0 ? ` ${commands.join(" ")} ` : "")
    .replace("@ASKS@", asks ?? "all")
    .replaceAll("@NAME@", name)
    .replace("@DAEMON@", () => (daemon ? shellWord(daemon.program) : "''"))
    .replace("@UNLESS_FOUND@", daemon ? "" : unlessFound(name))
    .replace("@ARGUMENTS@", () => attach);
  files.addFile(`${directory.slice(1)}/${name}`, text, 0o755);
  return `${directory}/${name}`;
}

/** Lines for a program that may be missing: attach must not run before it is known which one it is for. */
function unlessFound(name: string): string {
  return `
if [ -z "$real" ]; then
  echo "larder: there is no ${name} in PATH: PRELOAD put this program before one that was to come later; install it, or add its directory to PATH" >&2
  exit 127
fi
`;
}

/** Programs of a site belong here. Other directories of PATH may be on a volume. */
const preferred = ["/usr/local/sbin", "/usr/local/bin"];
/** Where shells of all users look. */
const forCommands = "/usr/local/bin";

/** A directory of PATH before the daemon's, with symbolic links resolved. */
async function shimDirectory(
  stage: string,
  path: readonly string[],
  name: string,
  daemon: FoundDaemon,
): Promise<string> {
  const own = dirname((await resolveInStage(stage, `${daemon.directory}/${name}`)) ?? daemon.program);
  const behind = await resolveInStage(stage, daemon.directory);
  const directories = await placesOf(stage, path);
  const end = directories.findIndex((directory) => directory === own || directory === behind);
  const chosen = await chooseDirectory(stage, end < 0 ? directories : directories.slice(0, end), name);
  if (chosen !== undefined) return chosen;
  const before = daemon.directory === "/usr/local/sbin" ? "/usr/local/larder/bin" : "/usr/local/sbin";
  throw new LarderError(
    `no directory comes before ${daemon.directory} in the stage's PATH (${path.join(":")}), where Larder could put ` +
      `its own ${name}: say ENV PATH=${before}:$PATH above PRELOAD`,
  );
}

/** Packages put their programs here, and would replace the shim with a daemon. */
const ofPackages = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** A directory of PATH for a daemon that comes later, with symbolic links resolved. */
async function directoryForLater(stage: string, path: readonly string[], name: string): Promise<string> {
  const directories = await placesOf(stage, path);
  const chosen = await chooseDirectory(
    stage,
    directories.filter((directory) => !ofPackages.includes(directory)),
    name,
  );
  if (chosen !== undefined) return chosen;
  throw new LarderError(
    `no directory of the stage's PATH (${path.join(":")}) comes before that of a ${name} which is installed later, so ` +
      "that Larder could put its own there: say ENV PATH=/usr/local/sbin:$PATH above PRELOAD",
  );
}

/** The directories of PATH without symbolic links. */
async function placesOf(stage: string, path: readonly string[]): Promise<string[]> {
  // A path that cannot be a directory, such as one below a file, is skipped, as shells do.
  const found = path.map((directory) => placeInStage(stage, directory).catch(() => undefined));
  return (await Promise.all(found)).filter((directory) => directory !== undefined);
}

/** One with a shim of this name stays its place: of two shims, each would take the other for the daemon. */
async function chooseDirectory(
  stage: string,
  directories: readonly string[],
  name: string,
): Promise<string | undefined> {
  for (const directory of directories) if (await isShim(`${stage}${directory}/${name}`)) return directory;
  const isCommand = commandPrograms.some((command) => command === name);
  const usual = directories.find((directory) => preferred.includes(directory)) ?? directories[0];
  return isCommand && directories.includes(forCommands) ? forCommands : usual;
}

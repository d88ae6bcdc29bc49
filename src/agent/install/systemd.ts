import { readdir, readFile } from "node:fs/promises";
import { type DaemonName, daemonUnits, embeddingPrograms } from "../../daemons.js";
import type { CatalogFiles } from "../../shelf/catalog-files.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { placeInStage, resolveInStage } from "../stage-path.js";

/** Directories of units, in ascending order of priority (systemd.unit(5)). */
const unitDirectories = [
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
  "/usr/local/lib/systemd/system",
  "/etc/systemd/system",
];

const embeddingUnits = embeddingPrograms.flatMap(({ units }) => units);

/** Directories that drop-ins come into. */
export const dropInDirectories = [...Object.values(daemonUnits).flat(), ...embeddingUnits].map(
  dropInDirectory,
);

function dropInDirectory(unit: string): string {
  return `/etc/systemd/system/${unit}.service.d`;
}

/**
 * systemd starts the daemon by its full path, so it does not find the program in PATH. If the stage has the daemon's
 * unit, or will have it, attach runs before the daemon. The daemon's arguments may move the data root: attach asks systemd for them and,
 * without an answer, uses those that the unit had during the build.
 */
export async function addDropIn(
  files: CatalogFiles,
  stage: string,
  daemon: DaemonName,
  comesLater = false,
): Promise<void> {
  for (const unit of daemonUnits[daemon]) {
    const texts = await unitTexts(stage, unit);
    if (texts.length === 0 && !comesLater) continue;
    const args = [`--unit ${unit}.service ${daemon}`, daemonArguments(texts)].join(" ").trimEnd();
    await putDropIn(files, stage, unit, args);
  }
}

/** The same for k3s and RKE2. PRELOAD names the root of their containerd. */
export async function addEmbeddingDropIns(files: CatalogFiles, stage: string, root: string): Promise<void> {
  for (const unit of embeddingUnits) {
    if ((await unitTexts(stage, unit)).length === 0) continue;
    await putDropIn(files, stage, unit, `containerd --root=${root}`);
  }
}

async function putDropIn(files: CatalogFiles, stage: string, unit: string, args: string): Promise<void> {
  const path = await placeInStage(stage, `${dropInDirectory(unit)}/larder.conf`);
  files.addFile(path.slice(1), formatDropIn(args));
}

/** The unit and its drop-ins, in the order in which systemd reads them; empty if there is no unit. */
async function unitTexts(stage: string, unit: string): Promise<string[]> {
  const read = async (path: string): Promise<string | undefined> => {
    const resolved = await resolveInStage(stage, path);
    return resolved === undefined ? undefined : readFile(stage + resolved, "utf8").catch(() => undefined);
  };
  const found = await Promise.all(unitDirectories.map((directory) => read(`${directory}/${unit}.service`)));
  const text = found.findLast((candidate) => candidate !== undefined);
  if (text === undefined) return [];
  const dropIns = new Map<string, string>();
  for (const directory of unitDirectories) {
    const resolved = await resolveInStage(stage, `${directory}/${unit}.service.d`);
    const names = resolved === undefined ? [] : await readdir(stage + resolved);
    for (const name of names.filter((file) => file.endsWith(".conf"))) {
      dropIns.set(name, (await read(`${directory}/${unit}.service.d/${name}`)) ?? "");
    }
  }
  const ordered = [...dropIns]
    .filter(([name]) => name !== "larder.conf")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return [text, ...ordered.map(([, dropIn]) => dropIn)];
}

/**
 * The text after the program in the effective ExecStart=: the last one, or none after a reset. The program may be in
 * quotes (systemd.service(5), "Command lines").
 */
export function daemonArguments(texts: readonly string[]): string {
  let command = "";
  for (const text of texts) {
    for (const line of text.replace(/\\\n/g, " ").split("\n")) {
      const value = /^\s*ExecStart\s*=(.*)$/.exec(line)?.[1];
      if (value !== undefined) command = value.trim();
    }
  }
  return /^(?:\\.|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s"'\\])+\s+(.*)$/.exec(command)?.[1] ?? "";
}

/** The daemon's arguments in its unit, as words; none without a unit. Variables in them are not expanded. */
export async function daemonWords(stage: string, daemon: "dockerd"): Promise<string[]> {
  const text = daemonArguments(await unitTexts(stage, daemonUnits[daemon][0]));
  const words = text.match(/(?:\\.|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s"'\\])+/g) ?? [];
  return words.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'/g, "$1$2").replace(/\\(.)/g, "$1"),
  );
}

/** @param args attach's arguments, quoted for systemd. */
export function formatDropIn(args: string): string {
  return [
    `# Larder: the images of PRELOAD, see /${shelf}/${onShelf.preload}`,
    "[Service]",
    "PassEnvironment=LARDER_ATTACH",
    `ExecStartPre=-/${shelf}/${onShelf.bin}/attach ${args}`,
    "",
  ].join("\n");
}

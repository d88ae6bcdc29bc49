import { readdir, readFile } from "node:fs/promises";
import { shelf } from "../job.js";
import type { CatalogFiles } from "./catalog-files.js";
import { resolveInStage } from "./stage-path.js";

/** Unit directories, the most important one last (systemd.unit(5)). */
const unitDirectories = [
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
  "/usr/local/lib/systemd/system",
  "/etc/systemd/system",
];
const dropIn = "etc/systemd/system/docker.service.d/larder.conf";

/**
 * systemd starts the daemon by its full path, so that the program in PATH is not asked. Where the stage
 * has a docker.service, attach runs before it, with the daemon's own arguments: they may move the data root.
 */
export async function addDropIn(files: CatalogFiles, stage: string): Promise<void> {
  const texts = await unitTexts(stage);
  if (texts.length === 0) return;
  files.addFile(dropIn, formatDropIn(daemonArguments(texts)));
}

/** The unit and its drop-ins in the order in which systemd reads them; nothing if there is no unit. */
async function unitTexts(stage: string): Promise<string[]> {
  const read = async (path: string): Promise<string | undefined> => {
    const resolved = await resolveInStage(stage, path);
    return resolved === undefined ? undefined : readFile(stage + resolved, "utf8").catch(() => undefined);
  };
  const units = await Promise.all(unitDirectories.map((directory) => read(`${directory}/docker.service`)));
  const unit = units.findLast((text) => text !== undefined);
  if (unit === undefined) return [];
  const dropIns = new Map<string, string>();
  for (const directory of unitDirectories) {
    const resolved = await resolveInStage(stage, `${directory}/docker.service.d`);
    const names = resolved === undefined ? [] : await readdir(stage + resolved);
    for (const name of names.filter((file) => file.endsWith(".conf"))) {
      dropIns.set(name, (await read(`${directory}/docker.service.d/${name}`)) ?? "");
    }
  }
  const ordered = [...dropIns]
    .filter(([name]) => name !== "larder.conf")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return [unit, ...ordered.map(([, text]) => text)];
}

/** What stands after the program in the ExecStart= that counts: the last one, or none after a reset. */
export function daemonArguments(texts: readonly string[]): string {
  let command = "";
  for (const text of texts) {
    for (const line of text.replace(/\\\n/g, " ").split("\n")) {
      const value = /^\s*ExecStart\s*=(.*)$/.exec(line)?.[1];
      if (value !== undefined) command = value.trim();
    }
  }
  return /^\S+\s+(.*)$/.exec(command)?.[1] ?? "";
}

export function formatDropIn(args: string): string {
  return [
    "# Larder: the images of PRELOAD, see /usr/lib/larder/preload.json",
    "[Service]",
    "PassEnvironment=LARDER_ATTACH",
    `ExecStartPre=-/${shelf}/bin/attach dockerd ${args}`.trimEnd(),
    "",
  ].join("\n");
}

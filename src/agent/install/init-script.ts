import { readFile } from "node:fs/promises";
import type { CatalogFiles } from "../../shelf/catalog-files.js";
import { placeInStage, resolveInStage } from "../stage-path.js";
import { shellWord } from "./shell-word.js";

const initScript = "/etc/init.d/docker";
/** The directory of files with the setting. */
export const initSettingDirectory = "/etc/default";
const defaults = `${initSettingDirectory}/docker`;

/**
 * Docker's own init script (`service docker start`) starts the daemon by a full path in a variable, DOCKERD. This
 * setting gives the variable another value. systemd reads the same file but does not use the variable.
 * @param shim Larder's dockerd, absolute in the stage.
 */
export async function addInitSetting(files: CatalogFiles, stage: string, shim: string): Promise<void> {
  const script = await readInStage(stage, initScript);
  if (script === undefined || !/^DOCKERD=/m.test(script)) return;
  const path = await placeInStage(stage, defaults);
  files.addFile(path.slice(1), withSetting((await readInStage(stage, defaults)) ?? "", shim));
}

export function withSetting(text: string, shim: string): string {
  const setting = `DOCKERD=${shellWord(shim)}`;
  const lines = text.split("\n");
  if (lines.includes(setting)) return text;
  const before = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return `${before}# Larder: attaches the images of PRELOAD, then is the daemon\n${setting}\n`;
}

async function readInStage(stage: string, path: string): Promise<string | undefined> {
  const resolved = await resolveInStage(stage, path);
  return resolved === undefined ? undefined : readFile(stage + resolved, "utf8");
}

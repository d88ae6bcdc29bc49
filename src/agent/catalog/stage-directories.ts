/** The stage's own directories, which the outer layers must not change. */
import { lstat } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { parentsOf } from "../../files/bytes.js";
import { packDirectories } from "../../files/tree.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { initSettingDirectory } from "../install/init-script.js";
import { dropInDirectories } from "../install/systemd.js";
import { placeInStage } from "../stage-path.js";

const directories = ["usr", "usr/lib", shelf, ...onShelf.directories.map((name) => `${shelf}/${name}`)];

/**
 * The shelf is a separate outer layer: it would replace a link of the stage with a directory, and the files behind a
 * link would not be the stage's own.
 */
export async function checkShelfDirectories(stage: string): Promise<void> {
  for (const path of directories) {
    const found = await lstat(`${stage}/${path}`).catch(() => undefined);
    if (found && !found.isDirectory())
      throw new LarderError(`the stage's /${path} is not a directory, so the images have no place`);
  }
}

/**
 * Packs owner, mode and time of the stage's directories that may get files of Larder's: the catalog must not change
 * them.
 * @param path directories of PATH.
 */
export async function packExisting(stage: string, path: readonly string[]): Promise<Buffer> {
  const named = [...path, ...dropInDirectories, initSettingDirectory, `/${shelf}`];
  // If a file cannot be placed, the code that writes it reports the error.
  const found = named.map((directory) => placeInStage(stage, directory).catch(() => "/"));
  const candidates = (await Promise.all(found)).flatMap((directory) => [
    ...parentsOf(directory.slice(1)),
    directory.slice(1),
  ]);
  const present: string[] = [];
  for (const directory of [...new Set(candidates)].filter(Boolean).sort()) {
    if ((await lstat(`${stage}/${directory}`).catch(() => undefined))?.isDirectory()) present.push(directory);
  }
  return packDirectories(stage, present);
}

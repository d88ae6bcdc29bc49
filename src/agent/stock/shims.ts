import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { LarderError } from "../../error.js";
import { shelf } from "../job.js";
import type { CatalogFiles } from "./catalog-files.js";
import { type FoundDaemon, resolveInStage } from "./stage-path.js";

/** Where our shell programs are in the step's image: beside the agent. */
const programs = `${dirname(process.argv[1] ?? "")}/attach`;

/** Adds `bin/attach` and the program that runs in the daemon's stead when it is started by its name. */
export async function addPrograms(
  files: CatalogFiles,
  stage: string,
  path: readonly string[],
  daemon: FoundDaemon,
): Promise<void> {
  files.addFile(`${shelf}/bin/attach`, await readFile(`${programs}/attach`), 0o755);
  for (const part of ["overlay2.sh", "references.sh", "moved-volume.sh"]) {
    files.addFile(`${shelf}/bin/${part}`, await readFile(`${programs}/${part}`));
  }
  const shim = await readFile(`${programs}/dockerd`, "utf8");
  const directory = await shimDirectory(stage, path, daemon);
  files.addFile(`${directory.slice(1)}/dockerd`, shim.replaceAll("@DAEMON@", daemon.program), 0o755);
}

/** The first directory of PATH that comes before the daemon's, as it is without symbolic links. */
async function shimDirectory(stage: string, path: readonly string[], daemon: FoundDaemon): Promise<string> {
  const own = dirname((await resolveInStage(stage, `${daemon.directory}/dockerd`)) ?? daemon.program);
  const behind = await resolveInStage(stage, daemon.directory);
  for (const directory of path) {
    const resolved = (await resolveInStage(stage, directory)) ?? directory;
    if (resolved === own || resolved === behind) break;
    return resolved;
  }
  const before = daemon.directory === "/usr/local/sbin" ? "/usr/local/larder/bin" : "/usr/local/sbin";
  throw new LarderError(
    `no directory comes before ${daemon.directory} in the stage's PATH (${path.join(":")}), where Larder could put ` +
      `its own dockerd: say ENV PATH=${before}:$PATH above PRELOAD`,
  );
}

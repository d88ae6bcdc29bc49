import { readFile } from "node:fs/promises";
import { resolveInStage } from "../stage-path.js";

/** Packages that have Docker's daemon, in Debian's, Docker's and Microsoft's archives. */
const debianPackages = ["docker.io", "docker-ce", "moby-engine"];

/**
 * The version of Docker by the package that the program belongs to: of dpkg or apk.
 * @param program absolute in the stage, without links.
 * @returns upstream's part of it; undefined if no package has the program.
 */
export async function packageVersion(stage: string, program: string): Promise<string | undefined> {
  const version = (await dpkgVersion(stage, program)) ?? (await apkVersion(stage, program));
  return version && /^(?:\d+:)?(\d+(?:\.\d+)*)/.exec(version)?.[1];
}

async function dpkgVersion(stage: string, program: string): Promise<string | undefined> {
  const status = await readInStage(stage, "/var/lib/dpkg/status");
  if (status === undefined) return undefined;
  for (const name of debianPackages) {
    const files = await readInStage(stage, `/var/lib/dpkg/info/${name}.list`);
    if (!files?.split("\n").some((file) => isSame(file, program))) continue;
    const fields = status.split("\n\n").find((one) => one.startsWith(`Package: ${name}\n`));
    const version = fields === undefined ? undefined : /^Version: (.*)$/m.exec(fields)?.[1];
    if (version !== undefined) return version;
  }
  return undefined;
}

/** `P:` a package, `V:` its version, `F:` a directory without its first slash, `R:` a file there. */
async function apkVersion(stage: string, program: string): Promise<string | undefined> {
  const installed =
    (await readInStage(stage, "/lib/apk/db/installed")) ??
    (await readInStage(stage, "/usr/lib/apk/db/installed"));
  let version: string | undefined;
  let directory = "";
  for (const line of installed?.split("\n") ?? []) {
    const value = line.slice(2);
    if (line.startsWith("P:")) version = undefined;
    else if (line.startsWith("V:")) version = value;
    else if (line.startsWith("F:")) directory = value;
    else if (line.startsWith("R:") && isSame(`/${directory}/${value}`, program)) return version;
  }
  return undefined;
}

/** Distributions that have merged /usr still list files below /bin. */
function isSame(listed: string, program: string): boolean {
  return listed === program || `/usr${listed}` === program;
}

async function readInStage(stage: string, path: string): Promise<string | undefined> {
  const resolved = await resolveInStage(stage, path);
  return resolved === undefined ? undefined : readFile(stage + resolved, "utf8").catch(() => undefined);
}

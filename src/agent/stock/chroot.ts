import { lstat, mkdir } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { run } from "../../files/tool.js";

/** The data root's place in the stage while the daemon runs: on a tmpfs, so that no file of the stage is hidden. */
export const dataRootInStage = "/run/larder/data";

/** Lays a writable overlay over the files of a stage. @param changes A directory for the changes. */
export async function makeWritable(stage: string, files: string, changes: string): Promise<void> {
  const [upper, work] = [`${changes}/upper`, `${changes}/work`];
  for (const directory of [stage, upper, work]) await mkdir(directory, { recursive: true });
  const options = `lowerdir=${files},upperdir=${upper},workdir=${work}`;
  await run("mount", ["-t", "overlay", "-o", options, "overlay", stage]).catch(refusedMount);
}

/**
 * Prepares the stage for a daemon that runs by chroot. `/proc`, `/sys` and `/dev` are the step's own, bound with all
 * mounts below them, since a user namespace cannot mount them anew.
 */
export async function prepareChroot(stage: string, work: string): Promise<void> {
  for (const name of ["proc", "sys", "dev"]) {
    await mountPoint(`${stage}/${name}`);
    await run("mount", ["--rbind", "--make-rslave", `/${name}`, `${stage}/${name}`]).catch(refusedMount);
  }
  for (const name of ["run", "tmp"]) {
    await mountPoint(`${stage}/${name}`);
    await run("mount", [
      "-t",
      "tmpfs",
      "-o",
      name === "tmp" ? "mode=1777" : "mode=755",
      "larder",
      `${stage}/${name}`,
    ]);
  }
  await mkdir(stage + dataRootInStage, { recursive: true });
  await run("mount", ["--bind", work, stage + dataRootInStage]);
}

/** Removes all of these mounts, and those that the daemon left. */
export async function releaseChroot(stage: string): Promise<void> {
  for (const name of ["run", "tmp", "dev", "sys", "proc"]) {
    await run("umount", ["--recursive", "--lazy", `${stage}/${name}`]).catch(() => undefined);
  }
}

function refusedMount(cause: Error): never {
  throw new LarderError(
    "the stock step may not mount file systems, so its runtime is not sysbox-runc: build with LARDER_SECURITY=auto " +
      `(${cause.message.split("\n", 1)[0]})`,
    { cause },
  );
}

async function mountPoint(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) await mkdir(path);
  // A mount over a link would go to the link's target outside the stage.
  else if (!found.isDirectory())
    throw new LarderError(`the stage's ${path.slice(path.lastIndexOf("/"))} is not a directory`);
}

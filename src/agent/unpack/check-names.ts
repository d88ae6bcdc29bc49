import { lstat } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { parentsOf, toBytes } from "../../files/bytes.js";
import { showPath } from "../../shelf/whiteouts.js";
import type { TarSplit } from "../../stores/overlay2/tar-split.js";

/**
 * Refuses what engines take in different ways, or refuse themselves. @param files the layer's files, without whiteouts.
 * @throws LarderError whose message follows the name of the layer.
 */
export async function checkNames(
  { deleted, implied, strange, globals, whiteouts }: TarSplit,
  files: string,
): Promise<void> {
  const applied = globals.find((key) => key !== "comment");
  if (applied !== undefined) {
    throw new LarderError(`has a pax global header that sets ${applied}, which engines do not agree on`);
  }
  if (strange !== undefined) {
    throw new LarderError(
      `has the entry ${showPath(strange)}, a whiteout in a form that engines do not agree on`,
    );
  }
  const isImplied = new Set(implied);
  for (const path of deleted) {
    const found = await lstat(toBytes(`${files}/${path}`)).catch(() => undefined);
    if (found && !isImplied.has(path)) {
      throw new LarderError(`deletes ${showPath(path)}, which it has itself`);
    }
  }
  for (const path of whiteouts) {
    for (const above of parentsOf(path)) {
      const found = await lstat(toBytes(`${files}/${above}`)).catch(() => undefined);
      if (!found?.isSymbolicLink()) continue;
      throw new LarderError(`deletes ${showPath(path)} below its own link ${showPath(above)}`);
    }
  }
}

import { lstat } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { toBytes } from "../../files/bytes.js";
import { showPath } from "../../shelf/whiteouts.js";
import type { TarSplit } from "../../stores/overlay2/tar-split.js";

/**
 * Refuses what engines take in different ways, or refuse themselves.
 * @throws LarderError whose message follows the name of the layer.
 */
export function checkNames({ strange, unknown, globals }: TarSplit): void {
  const applied = globals.find((key) => key !== "comment");
  if (applied !== undefined) {
    throw new LarderError(`has a pax global header that sets ${applied}, which engines do not agree on`);
  }
  if (strange !== undefined) {
    throw new LarderError(
      `has the entry ${showPath(strange)}, a whiteout in a form that engines do not agree on`,
    );
  }
  if (unknown !== undefined) {
    const { name, header } = unknown;
    throw new LarderError(
      `has the entry ${showPath(name)} of the type "${header.type}", which engines refuse`,
    );
  }
}

/**
 * Refuses a layer that deletes what it has itself, as engines do, also if it is a directory without an entry of its own.
 * @param files the layer's files, without whiteouts.
 */
export async function checkDeleted({ deleted, implied }: TarSplit, files: string): Promise<void> {
  const isImplied = new Set(implied);
  for (const path of deleted) {
    if (isImplied.has(path) || (await lstat(toBytes(`${files}/${path}`)).catch(() => undefined))) {
      throw new LarderError(`deletes ${showPath(path)}, which it has itself`);
    }
  }
}

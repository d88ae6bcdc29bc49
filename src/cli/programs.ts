import { readFile } from "node:fs/promises";
import type { Programs } from "../shelf/verify/check-programs.js";
import { attachParts } from "../stores/table.js";

/** The bundle in dist/cli is as far from dist/attach as the source is from src/attach. */
const folder = new URL("../attach/", import.meta.url);

/** The programs that this Larder puts into system images. */
export async function ownPrograms(): Promise<Programs> {
  const names = ["attach", "shim", ...attachParts];
  const read = async (name: string) => [name, await readFile(new URL(name, folder))] as const;
  return new Map(await Promise.all(names.map(read)));
}

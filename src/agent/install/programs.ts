import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { CatalogFiles } from "../../shelf/catalog-files.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { attachParts } from "../../stores/table.js";

/** The folder of attach and its parts in the step's image, beside the agent. */
export const programs = `${dirname(process.argv[1] ?? "")}/attach`;

/** Adds `bin/attach` and its parts. */
export async function addAttach(files: CatalogFiles): Promise<void> {
  const bin = `${shelf}/${onShelf.bin}`;
  files.addFile(`${bin}/attach`, await readFile(`${programs}/attach`), 0o755);
  for (const part of attachParts) files.addFile(`${bin}/${part}`, await readFile(`${programs}/${part}`));
}

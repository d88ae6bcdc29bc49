import { chmod, copyFile, lutimes, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { compare } from "../files/bytes.js";
import type { ShelfEntry } from "./entry.js";

/** The entries of the catalog layer, keyed by path from the root of the system image. */
export class CatalogFiles {
  readonly #entries = new Map<string, ShelfEntry>();

  /** Adds entries at their paths below `under`. */
  add(under: string, entries: readonly ShelfEntry[]): void {
    for (const entry of entries) {
      const path = under === "" ? entry.path : `${under}/${entry.path}`;
      this.#entries.set(path, { ...entry, path });
    }
  }

  addFile(path: string, content: string | Buffer, mode = 0o644): void {
    this.add("", [{ kind: "file", path, mode, content: Buffer.from(content) }]);
  }

  /** All directories that the entries need, outermost first, with those above them. */
  directories(): string[] {
    const all = new Set<string>();
    for (const { kind, path } of this.#entries.values()) {
      if (kind === "directory") all.add(path);
      for (let above = dirname(path); above !== "."; above = dirname(above)) all.add(above);
    }
    return [...all].sort(compare);
  }

  /** Writes all entries below `root`: owner root, time 0, directories 0755 unless their entry has another mode. */
  async write(root: string): Promise<void> {
    const directories = this.directories();
    for (const path of directories) await mkdir(`${root}/${path}`, { recursive: true });
    for (const entry of this.#entries.values()) await writeEntry(root, entry);
    for (const path of directories) {
      const entry = this.#entries.get(path);
      await chmod(`${root}/${path}`, entry?.kind === "directory" ? entry.mode : 0o755);
      await utimes(`${root}/${path}`, 0, 0);
    }
    await utimes(root, 0, 0);
  }
}

async function writeEntry(root: string, entry: ShelfEntry): Promise<void> {
  const path = `${root}/${entry.path}`;
  switch (entry.kind) {
    case "directory":
      return;
    case "file":
      await writeFile(path, entry.content);
      await chmod(path, entry.mode);
      return utimes(path, 0, 0);
    case "copy":
      await copyFile(entry.from, path);
      await chmod(path, entry.mode);
      return utimes(path, 0, 0);
    case "link":
      await symlink(entry.target, path);
      return lutimes(path, 0, 0);
  }
}

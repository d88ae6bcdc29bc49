import { readFile } from "node:fs/promises";
import { isObject } from "../is-object.js";
import { onShelf } from "../shelf/paths.js";

/** Parses `catalog.json`. @throws Error if the text is a catalog in a form that this Larder does not know. */
export function parseCatalog<Model extends { readonly version: 1 }>(text: string): Model {
  const value: unknown = JSON.parse(text);
  if (!isObject(value) || value.version !== 1) {
    throw new Error(
      "the stage's catalog has another format: build its base image again with this version of Larder",
    );
  }
  return value as Model;
}

/**
 * Reads the catalog of a store from a shelf.
 * @param folder `/usr/lib/larder` of the stage.
 * @returns `empty` if there is none.
 */
export async function readCatalog<Model extends { readonly version: 1 }>(
  folder: string,
  store: string,
  empty: Model,
): Promise<Model> {
  try {
    return parseCatalog<Model>(await readFile(`${folder}/${onShelf.catalog(store)}/catalog.json`, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return empty;
    throw error;
  }
}

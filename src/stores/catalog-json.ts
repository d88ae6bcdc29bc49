/** `catalog.json` of a catalog. @throws Error if the text is the catalog of a Larder that this one does not know. */
export function parseCatalog<Model extends { readonly version: 1 }>(text: string): Model {
  const value: unknown = JSON.parse(text);
  const version =
    typeof value === "object" && value !== null && "version" in value ? value.version : undefined;
  if (version !== 1) {
    throw new Error(
      "the stage's catalog has another format: build its base image again with this version of Larder",
    );
  }
  return value as Model;
}

/** Labels of containerd's blobs and images. */
export type Labels = Readonly<Record<string, string>>;

/** Labels that say where a blob came from: this and the registry's host, to repositories there. */
export const sourceLabelPrefix = "containerd.io/distribution.source.";

/** A blob may have come from several repositories of a registry: their names stand with commas between. */
export function withSources(present: Labels, added: Labels): Labels {
  const join = (name: string, value: string): string => {
    const known = present[name]?.split(",") ?? [];
    return name.startsWith(sourceLabelPrefix) ? [...new Set([...known, value])].sort().join(",") : value;
  };
  return Object.fromEntries(Object.entries(added).map(([name, value]) => [name, join(name, value)]));
}

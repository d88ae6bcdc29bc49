/** Labels of containerd's blobs and images. */
export type Labels = Readonly<Record<string, string>>;

/** The namespace of Docker's images. */
export const dockersNamespace = "moby";
/** The namespace of a containerd without Docker, if PRELOAD names none. */
export const plainNamespace = "default";

/**
 * Labels for the origin of a blob: this prefix and the registry's host name the label, its value is a list of
 * repositories.
 */
export const sourceLabelPrefix = "containerd.io/distribution.source.";

/** Adds origins of a blob. It may come from several repositories of a registry, which are separated by commas. */
export function withSources(present: Labels, added: Labels): Labels {
  const join = (name: string, value: string): string => {
    const known = present[name]?.split(",") ?? [];
    return name.startsWith(sourceLabelPrefix) ? [...new Set([...known, value])].sort().join(",") : value;
  };
  return Object.fromEntries(Object.entries(added).map(([name, value]) => [name, join(name, value)]));
}

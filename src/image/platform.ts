/** Platforms as BuildKit writes them: `linux/amd64`, `linux/arm/v7`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const architectureAliases: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
  armhf: "arm",
};

const architectures = ["386", "amd64", "arm", "arm64", "loong64", "mips64le", "ppc64le", "riscv64", "s390x"];

/**
 * An architecture alone is one of Linux.
 * @throws Error if the text is not os/architecture or os/architecture/variant.
 */
export function parsePlatform(text: string): Platform {
  const words = text.toLowerCase();
  const isArchitecture = architectures.includes(architectureAliases[words] ?? words);
  const parts = (isArchitecture ? `linux/${words}` : words).split("/");
  const [os, given, variant] = parts;
  if (!os || !given || parts.length > 3 || !parts.every((part) => /^[a-z0-9._-]+$/.test(part))) {
    throw new Error("not a platform; write os/architecture, for example linux/amd64");
  }
  const architecture = architectureAliases[given] ?? given;
  // v8 is what arm64 is: BuildKit drops it, too.
  const kept = architecture === "arm64" && variant === "v8" ? undefined : variant;
  return { os, architecture, ...(kept && { variant: kept }) };
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(Boolean).join("/");
}

/** As BuildKit's messages have it (pb.Platform). */
export function messagePlatform({ os, architecture, variant = "" }: Platform) {
  return { OS: os, Architecture: architecture, Variant: variant, OSVersion: "", OSFeatures: [] };
}

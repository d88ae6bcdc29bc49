/** Platforms as BuildKit writes them: `linux/amd64`, `linux/arm/v7`, `windows(10.0.17763+win32k)/amd64`. */
export interface Platform {
  readonly os: string;
  /** OCI's names for the words in brackets after the operating system. */
  readonly "os.version"?: string;
  readonly "os.features"?: readonly string[];
  readonly architecture: string;
  readonly variant?: string;
}

const operatingSystems = ["android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "solaris", "windows"];
const architectures = ["386", "amd64", "arm", "arm64", "loong64", "mips64le", "ppc64le", "riscv64", "s390x"];

const osPart = /^([\w-]+)(?:\(((?:[\w.-]|%[\da-f]{2})*)((?:\+(?:[\w.-]|%[\da-f]{2})+)*)\))?$/i;
const otherPart = /^[\w.-]+$/;

/**
 * Parses a platform. An architecture alone stands for Linux on it, an operating system alone for the builder's
 * architecture.
 * @throws Error if the text is neither os/architecture nor os/architecture/variant.
 */
export function parsePlatform(text: string): Platform {
  const [first = "", ...others] = text.split("/");
  if (others.length === 0 && architectures.includes(normalize(first, undefined).architecture)) {
    return { os: "linux", ...normalize(first, undefined) };
  }
  const [, name = "", version = "", features = ""] = osPart.exec(first) ?? [];
  const os = name.toLowerCase();
  const [architecture = operatingSystems.includes(os) ? ownArchitecture() : "", variant] = others;
  if (!os || !architecture || others.length > 2 || !others.every((part) => otherPart.test(part))) {
    throw notPlatform();
  }
  return {
    os,
    ...(version && { "os.version": decode(version) }),
    ...(features && { "os.features": features.slice(1).split("+").map(decode) }),
    ...normalize(architecture, variant),
  };
}

export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant, "os.version": version = "", "os.features": features = [] } = platform;
  const options = [encode(version), ...features.map(encode)].join("+");
  return [options ? `${os}(${options})` : os, architecture, variant].filter(Boolean).join("/");
}

/** The platform in BuildKit's messages (pb.Platform). */
export function messagePlatform(platform: Platform) {
  const {
    os,
    architecture,
    variant = "",
    "os.version": OSVersion = "",
    "os.features": features = [],
  } = platform;
  return { OS: os, Architecture: architecture, Variant: variant, OSVersion, OSFeatures: [...features] };
}

/** The builder's architecture, since the frontend runs on the builder's platform. */
export function ownArchitecture(): string {
  const names: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };
  return names[process.arch] ?? process.arch;
}

/** Gives names of the same meaning one form, as BuildKit does: arm64/v8 is arm64, amd64/v1 is amd64. */
function normalize(
  architecture: string,
  variant: string | undefined,
): Pick<Platform, "architecture" | "variant"> {
  const given = architecture.toLowerCase();
  const version = variant?.toLowerCase();
  const name = aliases[given] ?? given;
  if (given === "armel") return { architecture: name, variant: "v6" };
  const kept = name === "arm" ? version?.replace(/^[5-8]$/, "v$&") : version;
  return { architecture: name, ...(kept && !plainVariants[name]?.includes(kept) && { variant: kept }) };
}

const aliases: Readonly<Record<string, string>> = {
  i386: "386",
  x86_64: "amd64",
  "x86-64": "amd64",
  aarch64: "arm64",
  armhf: "arm",
  armel: "arm",
};

const plainVariants: Readonly<Record<string, readonly string[]>> = {
  amd64: ["v1"],
  arm64: ["8", "v8", "v8.0"],
};

/** Decodes a word in brackets, in which special characters are written by their bytes, as in a URL. */
function decode(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    throw notPlatform();
  }
}

function encode(word: string): string {
  const escaped = (sign: string) => Buffer.from(sign).toString("hex").toUpperCase().replaceAll(/../g, "%$&");
  return word.replaceAll(/[^\w.-]/gu, escaped);
}

function notPlatform(): Error {
  return new Error("not a platform; write os/architecture, for example linux/amd64");
}

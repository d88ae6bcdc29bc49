/**
 * An image reference, read and written as Docker does (distribution/reference): `redis` is
 * `docker.io/library/redis:latest`, whose familiar form is `redis:latest`.
 */
export interface Reference {
  /** Registry, with its port: `docker.io`, `localhost:5000`. */
  readonly domain: string;
  /** Repository path in the registry: `library/redis`. */
  readonly path: string;
  /** Absent only when the reference has a digest and no tag. */
  readonly tag?: string;
  /** `sha256:<hex>`, of an index or a manifest. */
  readonly digest?: string;
}

const defaultDomain = "docker.io";
const officialPrefix = "library/";
const pathComponent = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const domainPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const tagPattern = /^[\w][\w.-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * Parses a reference that a user writes after PRELOAD or FROM.
 * @throws Error whose message says which part of the reference is wrong.
 */
export function parseReference(text: string): Reference {
  const [beforeDigest, digest, ...more] = text.split("@");
  if (!beforeDigest || more.length > 0) throw new Error("invalid reference format");
  if (digest !== undefined && !digestPattern.test(digest)) {
    throw new Error(`invalid digest "${digest}": a digest is sha256: and 64 hex digits`);
  }
  const colon = beforeDigest.lastIndexOf(":");
  const hasTag = colon > beforeDigest.lastIndexOf("/");
  const name = hasTag ? beforeDigest.slice(0, colon) : beforeDigest;
  const tag = hasTag ? beforeDigest.slice(colon + 1) : undefined;
  if (tag !== undefined && !tagPattern.test(tag)) throw new Error(`invalid tag "${tag}"`);
  const { domain, path } = splitDomain(name);
  if (!domainPattern.test(domain)) throw new Error(`invalid registry "${domain}"`);
  if (!path.split("/").every((component) => pathComponent.test(component.toLowerCase()))) {
    throw new Error("invalid reference format");
  }
  if (path !== path.toLowerCase()) throw new Error("repository name must be lowercase");
  const effectiveTag = tag ?? (digest === undefined ? "latest" : undefined);
  return {
    domain,
    path,
    ...(effectiveTag !== undefined && { tag: effectiveTag }),
    ...(digest !== undefined && { digest }),
  };
}

/** The first component is a registry only if it cannot be the name of a Docker Hub user. */
function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isDomain = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  const domain = slash > 0 && isDomain ? first : defaultDomain;
  const path = slash > 0 && isDomain ? name.slice(slash + 1) : name;
  if (domain === "index.docker.io") return splitDomain(`${defaultDomain}/${path}`);
  const official = domain === defaultDomain && !path.includes("/");
  return { domain, path: official ? officialPrefix + path : path };
}

/** `docker.io/library/redis`: the name without tag and digest. */
export function repositoryName(ref: Reference): string {
  return `${ref.domain}/${ref.path}`;
}

/** `docker.io/library/redis:7@sha256:...`: the complete reference. */
export function formatReference(ref: Reference): string {
  return repositoryName(ref) + suffix(ref);
}

/** `redis`: the name as Docker shows it. */
export function familiarName(ref: Reference): string {
  if (ref.domain !== defaultDomain) return repositoryName(ref);
  return ref.path.startsWith(officialPrefix) && !ref.path.slice(officialPrefix.length).includes("/")
    ? ref.path.slice(officialPrefix.length)
    : ref.path;
}

/** `redis:7@sha256:...`: the reference as Docker shows it. */
export function familiarReference(ref: Reference): string {
  return familiarName(ref) + suffix(ref);
}

/** `mirror.example/library/redis:7`: the image on a mirror of its registry. The caller adds the mirror's name. */
export function onMirror({ path, tag, digest }: Reference): string {
  return `mirror.example/${path}${tag === undefined ? `@${digest}` : `:${tag}`}`;
}

/** Is the registry on this machine? Such a registry may speak plain HTTP. */
export function isLoopback(ref: Reference): boolean {
  const host = ref.domain.replace(/:\d+$/, "");
  return host === "localhost" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function suffix(ref: Reference): string {
  return (ref.tag ? `:${ref.tag}` : "") + (ref.digest ? `@${ref.digest}` : "");
}

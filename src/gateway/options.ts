import type { CacheOptionsEntry } from "../gen/gateway.js";
import type { ProxyEnv } from "../gen/ops.js";

/** The options of a build. Each is a variable of the environment. */
export interface BuildOptions {
  /** Frontend options by BuildKit's names: `target`, `build-arg:K`, `context:name`, ... */
  readonly frontend: Readonly<Record<string, string>>;
  readonly sessionId: string;
}

/** Reads the options of the process's environment (`BUILDKIT_FRONTEND_OPT_<n>=key=value`). */
export function readOptions(env: NodeJS.ProcessEnv): BuildOptions {
  const frontend: Record<string, string> = {};
  for (const [name, text] of Object.entries(env)) {
    if (!/^BUILDKIT_FRONTEND_OPT_\d+$/.test(name) || text === undefined) continue;
    const equals = text.indexOf("=");
    frontend[equals < 0 ? text : text.slice(0, equals)] = equals < 0 ? "" : text.slice(equals + 1);
  }
  return { frontend, sessionId: env.BUILDKIT_SESSION_ID ?? "" };
}

/** `--build-arg NAME=value`. */
export function buildArgument(options: BuildOptions, name: string): string | undefined {
  return options.frontend[`build-arg:${name}`];
}

/**
 * `--cache-from`, in today's form and in that of older clients and Docker's build API: registry references, separated
 * by commas.
 * @see CacheOptionsEntry in gateway.proto
 */
export function cacheImports({ frontend }: BuildOptions): CacheOptionsEntry[] {
  const entries = frontend["cache-imports"];
  const references = frontend["cache-from"];
  return [
    ...(entries ? parseEntries(entries) : []),
    ...(references ? references.split(",").map((ref) => ({ Type: "registry", Attrs: { ref } })) : []),
  ];
}

/** Upstream refuses text that is not JSON. */
function parseEntries(text: string): CacheOptionsEntry[] {
  try {
    return JSON.parse(text) as CacheOptionsEntry[];
  } catch {
    return [];
  }
}

/** `SOURCE_DATE_EPOCH` in seconds, if it is a number. */
export function sourceDateEpoch(options: BuildOptions): number | undefined {
  const text = buildArgument(options, "SOURCE_DATE_EPOCH") ?? "";
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/**
 * `--build-arg HTTP_PROXY=...` and similar arguments, in capitals or small letters. Steps with a network get them,
 * without an effect on the cache key.
 */
export function proxyEnvironment({ frontend }: BuildOptions): Partial<ProxyEnv> | undefined {
  const given = Object.entries(frontend).flatMap(([key, value]) => {
    const name = /^build-arg:((?:http|https|ftp|no|all)_proxy)$/i.exec(key)?.[1]?.toLowerCase();
    return name === undefined ? [] : [[name, value]];
  });
  return given.length === 0 ? undefined : Object.fromEntries(given.sort());
}

/** `--network=host`. With `none`, images are still fetched, like those of FROM. */
export function isOnHost({ frontend }: BuildOptions): boolean {
  return frontend["force-network-mode"] === "host";
}

/** Does `--no-cache` or `--no-cache-filter=<stage>` cover a stage of this name? */
export function ignoresCache(options: BuildOptions, stageName: string | undefined): boolean {
  const filter = options.frontend["no-cache"];
  if (filter === undefined) return false;
  if (filter === "") return true;
  return filter.split(",").some((name) => name.trim().toLowerCase() === stageName?.toLowerCase());
}

/** Does a `--build-context NAME=...` replace a stage of this name, on all platforms or on one? */
export function replacesStage(options: BuildOptions, stageName: string | undefined): boolean {
  if (stageName === undefined) return false;
  const key = `context:${stageName.toLowerCase()}`;
  return Object.keys(options.frontend).some((name) => name === key || name.startsWith(`${key}::`));
}

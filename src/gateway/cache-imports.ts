/** `--cache-from`: BuildKit looks there for the steps of a solve that names it, so each solve does. */
import type { Bridge } from "./bridge.js";
import type { BuildOptions } from "./options.js";

interface CacheImport {
  readonly Type: string;
  readonly Attrs: Record<string, string>;
}

export function withCacheImports(bridge: Bridge, { frontend }: BuildOptions): Bridge {
  const text = frontend["cache-imports"];
  if (!text) return bridge;
  const CacheImports = JSON.parse(text) as CacheImport[];
  return { ...bridge, solve: (request) => bridge.solve({ ...request, CacheImports }) };
}

/** A build for several platforms is a build for each; their results become one. */
import type { StockRequest } from "../dockerfile/stock-frontend.js";
import type { Ref, Result } from "../gen/gateway.js";

interface PlatformList {
  readonly Platforms: readonly { readonly ID: string }[];
}

const platformsKey = "refs.platforms";

/** One request for each platform that is asked for; a single one stays as it is. */
export function requestedPlatforms(request: StockRequest): readonly StockRequest[] {
  const { "multi-platform": multi, ...options } = request.options;
  const platforms = (options.platform ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  if (platforms.length < 2 && multi === undefined) return [request];
  return platforms.map((platform) => ({ ...request, options: { ...options, platform } }));
}

/** Builds for one platform or several, and gives the result the form that exporters expect. */
export async function joinPlatforms(
  requests: readonly StockRequest[],
  build: (request: StockRequest) => Promise<Result>,
): Promise<Result> {
  const [first] = requests;
  if (first && requests.length === 1 && first.options["multi-platform"] === undefined) return build(first);
  const refs: Record<string, Ref> = {};
  const metadata: Record<string, Buffer> = {};
  const attestations: Result["attestations"] = {};
  const list: { ID: string }[] = [];
  for (const request of requests) {
    const result = await build(request);
    const { Platforms } = JSON.parse(result.metadata[platformsKey]?.toString("utf8") ?? "{}") as PlatformList;
    const [platform] = Platforms;
    if (!platform || result.result?.$case !== "ref") continue;
    list.push(platform);
    refs[platform.ID] = result.result.value;
    for (const [key, value] of Object.entries(result.metadata)) {
      if (key !== platformsKey)
        metadata[key.startsWith("containerimage.") ? `${key}/${platform.ID}` : key] = value;
    }
    Object.assign(attestations, result.attestations);
  }
  metadata[platformsKey] = Buffer.from(JSON.stringify({ Platforms: list }));
  return { result: { $case: "refs", value: { refs } }, metadata, attestations };
}

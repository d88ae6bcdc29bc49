/** A build for several platforms is one build for each of them. Their results are joined. */

import type { Ref, Result } from "../gen/gateway.js";
import { formatPlatform, parsePlatform } from "../image/platform.js";
import type { UpstreamRequest } from "../upstream/request.js";

/** The form that exporters read: capitals outside, OCI's names inside. */
interface ExportPlatform {
  readonly ID: string;
  readonly Platform: unknown;
}

const platformsKey = "refs.platforms";
const multiOption = "multi-platform";
const multiArgument = "build-arg:BUILDKIT_MULTI_PLATFORM";

/** Builds for one platform or several, and gives the result the form that exporters expect. */
export async function buildPlatforms(
  request: UpstreamRequest,
  build: (request: UpstreamRequest) => Promise<Result>,
): Promise<Result> {
  if (!isMultiPlatform(request)) return build(request);
  const results = requestsByPlatform(request).map(async (one) => {
    const result = await build(one);
    const { platform } = one.options;
    return platform === undefined ? result : withPlatform(result, platform);
  });
  return joinResults(await Promise.all(results));
}

/** The same build for each of its platforms separately. */
export function requestsByPlatform(request: UpstreamRequest): UpstreamRequest[] {
  if (!isMultiPlatform(request)) return [request];
  const { [multiArgument]: _, ...others } = request.options;
  // The names of steps then contain the platforms.
  const options = { ...others, [multiOption]: "true" };
  const names = platformsOf(request);
  if (names.length === 0) return [{ ...request, options }];
  return names.map((platform) => ({ ...request, options: { ...options, platform } }));
}

function platformsOf({ options }: UpstreamRequest): string[] {
  return (options.platform ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
}

/** Is the result a map by platforms, even for only one? */
export function isMultiPlatform(request: UpstreamRequest): boolean {
  const flag = request.options[multiArgument] || request.options[multiOption];
  return flag ? /^(1|t|true)$/i.test(flag) : platformsOf(request).length > 1;
}

/** Upstream names the platform in its results, but a plan has none. */
function withPlatform(result: Result, name: string): Result {
  if (result.metadata[platformsKey]) return result;
  const platform = parsePlatform(name);
  const list: ExportPlatform[] = [{ ID: formatPlatform(platform), Platform: platform }];
  return { ...result, metadata: { ...result.metadata, [platformsKey]: encodePlatforms(list) } };
}

function joinResults(results: readonly Result[]): Result {
  const refs: Record<string, Ref> = {};
  const metadata: Record<string, Buffer> = {};
  const attestations: Result["attestations"] = {};
  const list: ExportPlatform[] = [];
  for (const result of results) {
    const [platform] = decodePlatforms(result);
    if (!platform || result.result?.$case !== "ref") return result;
    list.push(platform);
    refs[platform.ID] = result.result.value;
    for (const [key, value] of Object.entries(result.metadata)) {
      metadata[key.startsWith("containerimage.") ? `${key}/${platform.ID}` : key] = value;
    }
    Object.assign(attestations, result.attestations);
  }
  metadata[platformsKey] = encodePlatforms(list);
  return { result: { $case: "refs", value: { refs } }, metadata, attestations };
}

function decodePlatforms({ metadata }: Result): readonly ExportPlatform[] {
  const text = metadata[platformsKey]?.toString("utf8");
  return text === undefined ? [] : (JSON.parse(text) as { Platforms: ExportPlatform[] }).Platforms;
}

function encodePlatforms(Platforms: readonly ExportPlatform[]): Buffer {
  return Buffer.from(JSON.stringify({ Platforms }));
}

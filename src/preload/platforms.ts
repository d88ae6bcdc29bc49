/** A build for several platforms is a build for each; their results become one. */
import type { StockRequest } from "../dockerfile/stock-frontend.js";
import type { Ref, Result } from "../gen/gateway.js";
import { formatPlatform, parsePlatform } from "../image/platform.js";

/** As exporters read it: capitals outside, OCI's names inside. */
interface ExportPlatform {
  readonly ID: string;
  readonly Platform: unknown;
}

const platformsKey = "refs.platforms";
const multiOption = "multi-platform";
const multiArgument = "build-arg:BUILDKIT_MULTI_PLATFORM";

/** Builds for one platform or several, and gives the result the form that exporters expect. */
export async function buildPlatforms(
  request: StockRequest,
  build: (request: StockRequest) => Promise<Result>,
): Promise<Result> {
  const names = (request.options.platform ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  if (!isMultiPlatform(request, names)) return build(request);
  const { [multiOption]: _, [multiArgument]: __, ...options } = request.options;
  if (names.length === 0) return joinResults([await build({ ...request, options })]);
  const results: Result[] = [];
  for (const platform of names) {
    const result = await build({ ...request, options: { ...options, platform } });
    results.push(withPlatform(result, platform));
  }
  return joinResults(results);
}

/** A result that is a map although it may have one platform only. */
function isMultiPlatform({ options }: StockRequest, names: readonly string[]): boolean {
  const flag = options[multiArgument] || options[multiOption];
  return flag ? /^(1|t|true)$/i.test(flag) : names.length > 1;
}

/** The stock frontend names the platform in its results; a plan has none. */
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

import type { Bases } from "../dockerfile/expand-bases.js";
import type { Stage } from "../dockerfile/parse.js";
import type { StockRequest } from "../dockerfile/stock-frontend.js";
import { type Platform, parsePlatform } from "../image/platform.js";

/** For which platform a stage builds: as its FROM says, else as the build does, else for the builder's own. */
export function stagePlatform({ platforms }: Bases, { options }: StockRequest, stage: Stage): Platform {
  return parsePlatform(platforms[stage.index] || options.platform || ownPlatform());
}

/** The frontend runs on the builder's platform. */
function ownPlatform(): string {
  const names: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };
  return `linux/${names[process.arch] ?? process.arch}`;
}

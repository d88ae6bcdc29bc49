import { ownArchitecture, type Platform, parsePlatform } from "../image/platform.js";
import type { Bases } from "../upstream/expand-bases.js";
import type { StockRequest } from "../upstream/request.js";
import type { Dockerfile, Stage } from "./parse.js";
import { baseStage } from "./stages.js";

/**
 * For which platform a stage builds: that of the stage that it builds FROM, or as its FROM says, else as the build
 * does, else for the builder's own.
 */
export function stagePlatform(
  file: Bases & { readonly dockerfile: Dockerfile },
  request: StockRequest,
  stage: Stage,
): Platform {
  const base = baseStage(file.dockerfile, stage, file.bases);
  if (base) return stagePlatform(file, request, base);
  return parsePlatform(
    file.platforms[stage.index] || request.options.platform || `linux/${ownArchitecture()}`,
  );
}

import { ownArchitecture, type Platform, parsePlatform } from "../image/platform.js";
import type { Dockerfile, Stage } from "./parse.js";
import { type Bases, baseStage } from "./stages.js";

/**
 * The platform of a stage: that of the stage in its FROM, or that in the FROM's flag, else the build's, else the
 * builder's own.
 * @param platform The build's, if it names one.
 */
export function stagePlatform(
  file: Bases & { readonly dockerfile: Dockerfile },
  platform: string | undefined,
  stage: Stage,
): Platform {
  const base = baseStage(file.dockerfile, stage, file.bases);
  if (base) return stagePlatform(file, platform, base);
  return parsePlatform(file.platforms[stage.index] || platform || `linux/${ownArchitecture()}`);
}

import type { Stage } from "../dockerfile/parse.js";
import type { Bases } from "../dockerfile/stages.js";
import type { BuildOptions } from "../gateway/options.js";
import type { Output } from "../llb/state.js";
import type { FileBuild } from "../upstream/request.js";
import type { Warn } from "./plan/finding.js";
import type { Settings } from "./settings.js";

/** One build in the client's form, for one platform or several. */
export interface Task extends FileBuild {
  readonly options: BuildOptions;
}

/** A build for one platform, with all facts that are known before it is planned. */
export interface BuildContext extends Task, Bases {
  /** The stage that the build asks for. */
  readonly target: Stage;
  /** The target and the stages that it needs, in the order of the file. */
  readonly needed: readonly Stage[];
  /** Images in FROMs may fire a PRELOAD, so they must be looked at. */
  readonly mayFire: boolean;
  /** The frontend image. */
  readonly larder: Output;
  readonly settings: Settings;
  /** Prints a warning. */
  readonly warn: Warn;
}

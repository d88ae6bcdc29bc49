import type { Dockerfile, Stage } from "../dockerfile/parse.js";
import type { Bases } from "../dockerfile/stages.js";
import type { BuildOptions } from "../gateway/options.js";
import type { Output } from "../llb/state.js";
import type { FileBuild } from "../upstream/request.js";
import type { Warn } from "./plan/finding.js";
import type { Settings } from "./settings.js";

/** One build as it was asked for, of one platform or of several. */
export interface Task extends FileBuild {
  readonly options: BuildOptions;
}

/** A build for one platform, with all that is known of it before it is planned. */
export interface BuildContext extends Task, Bases {
  /** The stage that is built. */
  readonly target: Stage;
  /** The stages that it needs, itself among them, in the order of the file. */
  readonly needed: readonly Stage[];
  /** Images that stages build FROM may fire a PRELOAD: they are to be looked at. */
  readonly mayFire: boolean;
  /** The frontend image. */
  readonly larder: Output;
  readonly settings: Settings;
  /** Prints a warning. */
  readonly warn: Warn;
  /** Where `dockerfile` is that of triggers: the stage of the user's file at whose FROM they fire. */
  readonly firing?: { readonly dockerfile: Dockerfile; readonly stage: Stage };
}

import type { Dockerfile, Stage } from "../../dockerfile/parse.js";
import type { Bases } from "../../dockerfile/stages.js";

/** The file whose stages are cut: the user's, or one in which a stage consists of the triggers of its base image. */
export interface CutFile extends Bases {
  readonly dockerfile: Dockerfile;
  /** The stage of the user's file at whose FROM the triggers fire. */
  readonly firesAt?: Stage;
}

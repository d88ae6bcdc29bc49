import type { Lines } from "../../error.js";

/** A rule of PRELOAD's that a Dockerfile or an image breaks. */
export interface Finding {
  readonly rule: string;
  /** The purpose of the rule. */
  readonly description: string;
  /** The fault here, and the way out. */
  readonly detail: string;
  readonly lines: Lines;
}

/** Prints a warning; where the build wants it so, a warning is an error. */
export type Warn = (finding: Finding) => Promise<void>;

import type { Lines } from "../../error.js";

/** A violation of one of PRELOAD's rules, in a Dockerfile or an image. */
export interface Finding {
  readonly rule: string;
  /** The purpose of the rule. */
  readonly description: string;
  /** The fault here, and the way out. */
  readonly detail: string;
  readonly lines: Lines;
}

/** Prints a warning, or makes it an error if the build wants that. */
export type Warn = (finding: Finding) => Promise<void>;

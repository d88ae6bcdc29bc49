import type { Platform } from "../../image/platform.js";

export interface OpenOptions {
  /** `--platform`. */
  readonly platform?: Platform;
  /** Tells the user something in a line. */
  note(text: string): void;
}

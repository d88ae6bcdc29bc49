import type { Platform } from "../../image/platform.js";

export interface OpenOptions {
  /** `--platform`. */
  readonly platform?: Platform;
  /** `--insecure`: registries may speak plain HTTP, or have a certificate that nobody signed. */
  readonly insecure?: boolean;
  /** Tells the user something in a line. */
  note(text: string): void;
}

import type { Detail } from "./gen/status.js";

/** Lines of the Dockerfile, 1-based and inclusive. */
export interface Lines {
  readonly start: number;
  readonly end: number;
}

/**
 * The one error type. `code` is a gRPC status code (upstream's own errors have 2, unknown), `lines` the place in the
 * Dockerfile, `details` BuildKit's typed details of an error from below.
 */
export class LarderError extends Error {
  readonly code: number;
  readonly lines: Lines | undefined;
  readonly details: readonly Detail[];

  constructor(
    message: string,
    options: { code?: number; lines?: Lines | undefined; details?: readonly Detail[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "LarderError";
    this.code = options.code ?? 2;
    this.lines = options.lines;
    this.details = options.details ?? [];
  }

  /** Turns any thrown value into a LarderError. If it has no place, it gets `lines`. */
  static from(thrown: unknown, lines?: Lines): LarderError {
    if (thrown instanceof LarderError) {
      if (thrown.lines || !lines) return thrown;
      return new LarderError(thrown.message, {
        code: thrown.code,
        lines,
        details: thrown.details,
        cause: thrown,
      });
    }
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new LarderError(message, { lines, cause: thrown });
  }
}

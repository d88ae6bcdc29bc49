import { LarderError, type Lines } from "../../error.js";

/**
 * Something is wrong with a PRELOAD. The sentence begins with the thing at fault; the word PRELOAD before it and the
 * place in the Dockerfile come to it at the boundary ({@link placed}).
 */
export class Fault extends Error {
  /** Where it is known better than by the boundary. */
  readonly lines: Lines | undefined;

  constructor(message: string, { lines, cause }: { lines?: Lines | undefined; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.lines = lines;
  }
}

/**
 * The boundary: does what a PRELOAD asks for.
 * @param lines of the PRELOAD.
 * @throws LarderError for a fault; whatever else was thrown, as it is.
 */
export async function placed<Value>(lines: Lines, work: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (thrown) {
    throw placedError(thrown, lines);
  }
}

export function placedError(thrown: unknown, lines: Lines): unknown {
  if (!(thrown instanceof Fault)) return thrown;
  return new LarderError(`PRELOAD: ${thrown.message}`, { lines: thrown.lines ?? lines, cause: thrown });
}

/** @throws Fault with the words of the error that `work` throws, after `what`. */
export function about<Value>(what: string, work: () => Value, lines?: Lines): Value {
  try {
    return work();
  } catch (cause) {
    throw new Fault(`${what}${reasonOf(cause)}`, { lines, cause });
  }
}

/** The reason of an error, to be part of a sentence. */
export function reasonOf(thrown: unknown): string {
  return LarderError.from(thrown).message;
}

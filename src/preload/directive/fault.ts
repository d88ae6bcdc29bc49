import { LarderError, type Lines } from "../../error.js";

/**
 * A fault of a PRELOAD. The sentence begins with the thing at fault. The boundary adds the word PRELOAD and the place
 * in the Dockerfile ({@link placed}).
 */
export class Fault extends Error {
  /** A more exact place than the boundary's. */
  readonly lines: Lines | undefined;

  constructor(message: string, { lines, cause }: { lines?: Lines | undefined; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.lines = lines;
  }
}

/**
 * The boundary, around all work for a PRELOAD.
 * @param lines of the PRELOAD; undefined around a whole build, whose faults know their places.
 * @throws LarderError for a fault. Other errors pass unchanged.
 */
export async function placed<Value>(
  lines: Lines | undefined,
  work: () => Value | Promise<Value>,
): Promise<Value> {
  try {
    return await work();
  } catch (thrown) {
    throw placedError(thrown, lines);
  }
}

export function placedError(thrown: unknown, lines: Lines | undefined): unknown {
  if (!(thrown instanceof Fault)) return thrown;
  return new LarderError(`PRELOAD: ${thrown.message}`, { lines: thrown.lines ?? lines, cause: thrown });
}

/** @throws Fault that consists of `what` and the message of the error that `work` throws. */
export function about<Value>(what: string, work: () => Value, lines?: Lines): Value {
  try {
    return work();
  } catch (cause) {
    throw new Fault(`${what}${reasonOf(cause)}`, { lines, cause });
  }
}

/** The reason of an error, as a part of a sentence. */
export function reasonOf(thrown: unknown): string {
  return LarderError.from(thrown).message;
}

import { LarderError } from "../../error.js";

/** The error of a part of an image's source, with the name of the image. */
export function nameImage(name: string, thrown: unknown): LarderError {
  const { message, code } = LarderError.from(thrown);
  return new LarderError(`image "${name}": ${message}`, { code, cause: thrown });
}

/** Runs something whose errors do not name the image. */
export function naming<T>(name: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw nameImage(name, error);
  }
}

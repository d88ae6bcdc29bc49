import { LarderError } from "../error.js";

/** gRPC's INVALID_ARGUMENT: the command line is wrong, not the world. The program exits with 2. */
const invalidArgument = 3;

export function usageError(message: string): LarderError {
  return new LarderError(message, { code: invalidArgument });
}

export function isUsageError(error: LarderError): boolean {
  return error.code === invalidArgument;
}

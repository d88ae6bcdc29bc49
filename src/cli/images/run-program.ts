import { spawn } from "node:child_process";
import { buffer, text } from "node:stream/consumers";
import { LarderError } from "../../error.js";

export interface Finished {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/**
 * Runs a program of the user's to its end.
 * @throws LarderError if it is not in PATH.
 */
export async function runProgram(program: string, args: readonly string[], input = ""): Promise<Finished> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  try {
    const [stdout, stderr, status] = await Promise.all([buffer(child.stdout), text(child.stderr), ended]);
    return { status, stdout, stderr };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new LarderError(`${program} is not in PATH: install it`, { code: notFound, cause: error });
  }
}

/** gRPC's NOT_FOUND. */
const notFound = 5;

export function isMissingProgram(error: unknown): boolean {
  return error instanceof LarderError && error.code === notFound;
}

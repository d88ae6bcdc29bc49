/** Commands in the container, by the outer engine's API. */
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { LarderError } from "../../../error.js";

/** Runs commands in one container. */
export interface Shell {
  /** The standard output of a command that must succeed. @throws LarderError with the command's own words. */
  output(command: readonly string[]): Promise<Buffer>;
  /** The same for a command that may fail. */
  try(command: readonly string[]): Promise<Answer>;
  /** Gives the standard output while it comes. It ends in an error if the command fails. */
  stream(command: readonly string[]): Promise<Readable>;
}

export interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function shellIn(container: Docker.Container, signal: AbortSignal): Shell {
  const start = (command: readonly string[]) => startIn(container, command, signal);
  return {
    output: async (command) => buffer((await start(command)).stdout),
    stream: async (command) => (await start(command)).stdout,
    try: async (command) => {
      const { stdout, ended } = await start(command);
      const text = (await collect(stdout)).toString("utf8");
      return { ...(await ended), stdout: text };
    },
  };
}

interface Started {
  readonly stdout: Readable;
  /** After the output has been read. */
  readonly ended: Promise<Omit<Answer, "stdout">>;
}

async function startIn(
  container: Docker.Container,
  command: readonly string[],
  signal: AbortSignal,
): Promise<Started> {
  signal.throwIfAborted();
  // Root, whatever USER the image has: sockets and data roots are root's.
  const options = { Cmd: [...command], AttachStdout: true, AttachStderr: true, User: "0", WorkingDir: "/" };
  const exec = await container.exec(options);
  const answer = (await exec.start({})) as Readable;
  signal.addEventListener("abort", () => answer.destroy(), { once: true });
  const errors: Buffer[] = [];
  let settle: (ended: Omit<Answer, "stdout">) => void = () => {};
  const ended = new Promise<Omit<Answer, "stdout">>((resolve) => {
    settle = resolve;
  });
  const read = async function* (): AsyncGenerator<Buffer> {
    yield* demultiplex(answer, errors);
    signal.throwIfAborted();
    const { ExitCode } = await exec.inspect();
    const stderr = Buffer.concat(errors).toString("utf8").trim();
    const status = ExitCode ?? 1;
    settle({ status, stderr });
    if (status !== 0) throw new FailedCommand(command, status, stderr);
  };
  return { stdout: Readable.from(read(), { objectMode: false }), ended };
}

/** The same command with a limit of time, where the container has the means: a daemon may hang. */
export function patiently(command: readonly string[]): string[] {
  const script = `command -v timeout >/dev/null && exec timeout ${patience} "$@"; exec "$@"`;
  return ["sh", "-c", script, "sh", ...command];
}

/** In seconds. */
const patience = 20;

/** Why a command that was started {@link patiently} gave no answer. */
export function whySilent({ status, stderr }: Pick<Answer, "status" | "stderr">): string {
  return (
    lastLine(stderr) ||
    (timeoutStatuses.includes(status) ? `no word in ${patience} s` : `exit code ${status}`)
  );
}

/** Of GNU's `timeout`, and of busybox's, which tells the signal. */
const timeoutStatuses = [124, 143];

/** A command that ended with another status than 0. */
export class FailedCommand extends LarderError {
  /** The command's own words. */
  readonly reason: string;

  constructor([program = "", ...args]: readonly string[], status: number, stderr: string) {
    const shown = program === "sh" ? "a command" : [program, ...args].slice(0, shownWords).join(" ");
    const reason = lastLine(stderr) || `exit code ${status}`;
    super(`${shown} in the container: ${reason}`);
    this.reason = reason;
  }
}

const shownWords = 3;

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

async function collect(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  try {
    for await (const part of stream) parts.push(part as Buffer);
  } catch (error) {
    if (!(error instanceof FailedCommand)) throw error;
  }
  return Buffer.concat(parts);
}

const headerBytes = 8;
const standardError = 2;

/**
 * The engine's frames of both outputs: a byte for the output, three zeros, four bytes for the length, the content. A
 * frame may come in many parts, so this waits for its reader at each of them.
 */
export async function* demultiplex(frames: AsyncIterable<unknown>, errors: Buffer[]): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let output = 0;
  let missing = 0;
  for await (const part of frames) {
    rest = rest.length === 0 ? (part as Buffer) : Buffer.concat([rest, part as Buffer]);
    while (rest.length > 0) {
      if (missing === 0) {
        if (rest.length < headerBytes) break;
        output = rest[0] ?? 0;
        missing = rest.readUInt32BE(4);
        rest = rest.subarray(headerBytes);
        continue;
      }
      const content = rest.subarray(0, missing);
      missing -= content.length;
      rest = rest.subarray(content.length);
      if (output === standardError) errors.push(content);
      else yield content;
    }
  }
}

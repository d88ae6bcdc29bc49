import { spawn } from "node:child_process";
import { buffer, text } from "node:stream/consumers";

export interface RunOptions {
  /** The standard input of the tool. */
  readonly input?: Buffer;
  /** Its abort ends the tool. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a command-line tool of the step's image to its end.
 * @returns the output of the tool.
 * @throws Error with the tool's own words if it fails.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Buffer> {
  const { signal } = options;
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: toolEnvironment(), signal });
  const ended = new Promise<string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code === 0 ? "" : (signal ?? `exit code ${code}`)));
  });
  // A tool may end before it has read all its input; its exit code tells whether that was wrong.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input);
  const [stdout, stderr, failure] = await Promise.all([buffer(child.stdout), text(child.stderr), ended]);
  if (failure !== "") throw new Error(`${command}: ${stderr.trim() || failure}`);
  return stdout;
}

/**
 * No locale: Larder matches messages, and names are bytes. `mount` of util-linux prefers the mount API of Linux 5.2,
 * which Sysbox refuses in steps; the variable makes it use mount(2).
 */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: "C", LIBMOUNT_FORCE_MOUNT2: "always" };
}

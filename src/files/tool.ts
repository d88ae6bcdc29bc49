import { spawn } from "node:child_process";
import { buffer, text } from "node:stream/consumers";

export interface RunOptions {
  /** Given to the tool on its standard input. */
  readonly input?: Buffer;
  /** Ends the tool. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a command-line tool of the step's image to its end, and gives what it printed.
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
  // A tool may end without having read all; its exit code tells whether that was wrong.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input);
  const [stdout, stderr, failure] = await Promise.all([buffer(child.stdout), text(child.stderr), ended]);
  if (failure !== "") throw new Error(`${command}: ${stderr.trim() || failure}`);
  return stdout;
}

/**
 * Messages are matched, and names are bytes: so no locale. And `mount` of util-linux prefers the mount API of Linux 5.2,
 * which the steps of Sysbox refuse; with this variable it uses mount(2).
 */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: "C", LIBMOUNT_FORCE_MOUNT2: "always" };
}

import { spawn } from "node:child_process";
import { buffer, text } from "node:stream/consumers";
import { LarderError } from "../../error.js";

/**
 * Runs the docker client that the user has: it knows the user's contexts, builders and logins.
 * @returns its standard output.
 * @throws LarderError with the client's last line.
 */
export async function runDocker(args: readonly string[], input = ""): Promise<Buffer> {
  const child = spawn("docker", args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  try {
    const [stdout, stderr, status] = await Promise.all([buffer(child.stdout), text(child.stderr), ended]);
    if (status === 0) return stdout;
    throw new LarderError(lastLine(stderr) || `docker ${args[0]}: exit code ${status}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new LarderError("there is no docker client in PATH: install Docker's command line", {
      cause: error,
    });
  }
}

function lastLine(stderr: string): string {
  const line = stderr.trim().split("\n").at(-1) ?? "";
  if (/unknown command: docker buildx|'buildx' is not a docker command/.test(stderr))
    return "docker has no buildx: install the plugin docker-buildx";
  return line.replace(/^ERROR: /, "");
}

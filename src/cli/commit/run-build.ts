/** The build by the docker and buildx that the user has. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { LarderError } from "../../error.js";
import { runProgram } from "../images/run-program.js";
import { layoutContext } from "./write-dockerfile.js";

export interface BuildRequest {
  /** The folder with the Dockerfile, which is an empty build context otherwise. */
  readonly folder: string;
  readonly layout: string;
  readonly tag: string;
  readonly pushes: boolean;
  /** As `docker buildx build --output` has them. */
  readonly outputs: readonly string[];
  /** The file that gets the image's ID. */
  readonly idFile: string;
  readonly signal: AbortSignal;
}

/**
 * Builds in the engine that has the container, whichever builder is selected: the layers of the container's image are
 * there. buildx names that builder after the docker context.
 * @throws LarderError with BuildKit's own words.
 */
export async function runBuild(request: BuildRequest): Promise<void> {
  const { folder, layout, tag, pushes, outputs, idFile, signal } = request;
  const isTerminal = process.stderr.isTTY;
  const args = [
    ...["buildx", "build", "--builder", await engineBuilder(), "--provenance=false"],
    ...["--progress", isTerminal ? "auto" : "plain", "--tag", tag, "--iidfile", idFile],
    ...["--build-context", `${layoutContext}=${layout}`],
    ...(pushes ? ["--push"] : []),
    ...outputs.flatMap((output) => ["--output", output]),
    folder,
  ];
  const child = spawn("docker", args, {
    stdio: ["ignore", "ignore", isTerminal ? "inherit" : "pipe"],
    signal,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  const [log, status] = await Promise.all([child.stderr ? text(child.stderr) : "", ended]);
  if (status !== 0) throw new LarderError(`the build failed: ${reasonIn(log) || `exit code ${status}`}`);
}

async function engineBuilder(): Promise<string> {
  if (process.env.DOCKER_HOST) return "default";
  const { status, stdout } = await runProgram("docker", ["context", "show"]);
  return status === 0 ? stdout.toString("utf8").trim() : "default";
}

/** BuildKit's error is in the last line that begins so; the lines before it are excerpts and logs of steps. */
export function reasonIn(log: string): string {
  if (/unknown (command|flag).*(buildx|builder)|'buildx' is not a docker command/.test(log))
    return "docker has no buildx: install the plugin docker-buildx";
  const lines = log.trim().split("\n");
  const error = lines.findLast((line) => line.startsWith("ERROR: ")) ?? lines.at(-1) ?? "";
  return error.replace(/^ERROR: (failed to build: )?/, "");
}

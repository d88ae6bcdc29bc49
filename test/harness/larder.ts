import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type CommandOptions, type Finished, run } from "./command.js";
import { dockerHost, type EngineOptions } from "./docker.js";
import { lab } from "./lab.js";

const program = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const node = ["--import", "tsx", program];

/** The command `larder` with the lab's docker and buildx, and the lab's frontend. */
export function larder(
  args: readonly string[],
  { engine, env, ...options }: EngineOptions = {},
): Promise<Finished> {
  return run(process.execPath, [...node, ...args], { ...options, env: environment(engine, env) });
}

/** The same, while it runs. Its output is thrown away. */
export function spawnLarder(args: readonly string[], { engine }: Pick<EngineOptions, "engine"> = {}) {
  const env = { ...process.env, ...environment(engine, {}) };
  return spawn(process.execPath, [...node, ...args], { env, stdio: ["ignore", "ignore", "pipe"] });
}

function environment(engine: EngineOptions["engine"], env: CommandOptions["env"]): Record<string, string> {
  return {
    ...env,
    PATH: `${dirname(lab.docker)}:${process.env.PATH}`,
    DOCKER_HOST: dockerHost(engine),
    LARDER_FRONTEND: lab.frontend,
  };
}

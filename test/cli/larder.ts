/** The command `larder` as users run it: built, in the lab's network, with the lab's docker, buildx and frontend. */
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Finished, output, run } from "../harness/command.js";
import { dockerHost, type EngineOptions } from "../harness/docker.js";
import { lab } from "../harness/lab.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
let built: Promise<string> | undefined;

export async function larder(
  args: readonly string[],
  { engine, env, ...options }: EngineOptions = {},
): Promise<Finished> {
  return run(lab.inNetwork, await command(args), { ...options, env: environment(engine, env) });
}

/** A command that must succeed. @returns its JSON. */
export async function larderJson<T>(args: readonly string[], options: EngineOptions = {}): Promise<T> {
  const { status, stdout, stderr } = await larder([...args, "--json"], options);
  if (status !== 0) throw new Error(`larder ${args.join(" ")}: exit code ${status}\n${stderr}`);
  return JSON.parse(stdout) as T;
}

/** The same, while it runs. Its output is thrown away. */
export async function spawnLarder(args: readonly string[], { engine }: Pick<EngineOptions, "engine"> = {}) {
  const env = { ...process.env, ...environment(engine) };
  return spawn(lab.inNetwork, await command(args), { env, stdio: ["ignore", "ignore", "pipe"] });
}

/** The file that `bin` of package.json names is made once. */
async function command(args: readonly string[]): Promise<string[]> {
  built ??= output("node", [`${root}/build.mjs`, "cli"], { env: { PWD: root } });
  await built;
  return ["node", `${root}/dist/cli/larder.mjs`, ...args];
}

function environment(
  engine: EngineOptions["engine"],
  more: EngineOptions["env"] = {},
): Record<string, string> {
  return {
    ...more,
    PATH: `${dirname(lab.docker)}:${process.env.PATH}`,
    DOCKER_HOST: dockerHost(engine),
    LARDER_FRONTEND: lab.frontend,
  };
}

import { fileURLToPath } from "node:url";
import { type Finished, output, run } from "../harness/command.js";
import { dockerHost, type EngineOptions } from "../harness/docker.js";
import { lab } from "../harness/lab.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Makes the file that `bin` of package.json names. */
export async function buildLarder(): Promise<void> {
  await output("node", [`${root}/build.mjs`, "cli"], { env: { PWD: root } });
}

/** The command as users run it, in the lab's network. */
export function larder(args: readonly string[], engine?: EngineOptions["engine"]): Promise<Finished> {
  const env = { DOCKER_HOST: dockerHost(engine) };
  return run(lab.inNetwork, ["node", `${root}/dist/cli/larder.mjs`, ...args], { env });
}

/** A command that must succeed. @returns its JSON. */
export async function larderJson<T>(args: readonly string[], engine?: EngineOptions["engine"]): Promise<T> {
  const { status, stdout, stderr } = await larder([...args, "--json"], engine);
  if (status !== 0) throw new Error(`larder ${args.join(" ")}: exit code ${status}\n${stderr}`);
  return JSON.parse(stdout) as T;
}

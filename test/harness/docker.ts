import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { type CommandOptions, type Finished, output, run } from "./command.js";
import { type EngineName, engines, lab } from "./lab.js";

export interface EngineOptions extends CommandOptions {
  /** An engine of the lab, or the `DOCKER_HOST` of another engine. */
  readonly engine?: EngineName | `unix://${string}`;
}

export function dockerHost(engine: EngineOptions["engine"] = "containerd"): string {
  if (engine !== "containerd" && engine !== "graph") return engine;
  const host = engines[engine];
  if (!host) throw new Error(`the lab has no engine "${engine}": it has taken the machine's own`);
  return host;
}

/** A docker command that must succeed. @returns its standard output. */
export function docker(args: readonly string[], options: EngineOptions = {}): Promise<string> {
  return output(lab.docker, args, withHost(options));
}

/** A docker command that may fail. */
export function tryDocker(args: readonly string[], options: EngineOptions = {}): Promise<Finished> {
  return run(lab.docker, args, withHost(options));
}

/** A docker command that gets input while it runs. */
export function spawnDocker(
  args: readonly string[],
  options: Pick<EngineOptions, "engine"> = {},
): ChildProcessWithoutNullStreams {
  return spawn(lab.docker, args, { env: { ...process.env, DOCKER_HOST: dockerHost(options.engine) } });
}

function withHost({ engine, env, ...options }: EngineOptions): CommandOptions {
  return { ...options, env: { ...env, ...ownBuilder(engine), DOCKER_HOST: dockerHost(engine) } };
}

/** buildkitd builds for one engine. The others build for themselves. */
function ownBuilder(engine: EngineOptions["engine"] = "containerd"): Record<string, string> {
  return engine === "containerd" ? {} : { BUILDX_BUILDER: "" };
}

/** A workflow of GitHub Actions, with the members that the example uses, and what can be done of it without GitHub. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd } from "../harness/cleanup.js";
import { until } from "../harness/command.js";
import { docker, tryDocker } from "../harness/docker.js";
import { lab } from "../harness/lab.js";

export interface Service {
  readonly image: string;
  readonly options: string;
  readonly ports: readonly string[];
}

export interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string | boolean>>;
  readonly run?: string;
}

export interface Job {
  readonly services?: Readonly<Record<string, Service>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

/**
 * The buildx command of docker/build-push-action for these inputs, with more arguments.
 * @returns the digest, which is the action's output.
 */
export async function buildAndPush(
  { context, push, tags, "cache-from": from, "cache-to": to, ...others }: NonNullable<Step["with"]>,
  folder: string,
  args: readonly string[],
): Promise<string> {
  if (Object.keys(others).length > 0) throw new Error(`inputs without a flag: ${Object.keys(others)}`);
  const metadata = mkdtempSync(join(tmpdir(), "larder-workflow-"));
  try {
    const file = join(metadata, "metadata.json");
    const flags = { "--tag": tags, "--cache-from": from, "--cache-to": to, "--metadata-file": file };
    const given = Object.entries(flags).flatMap(([name, value]) => (value ? [name, String(value)] : []));
    const command = ["buildx", "build", "--progress", "plain", ...given, ...(push ? ["--push"] : [])];
    await docker([...command, ...args, join(folder, String(context))]);
    return JSON.parse(readFileSync(file, "utf8"))["containerimage.digest"];
  } finally {
    rmSync(metadata, { recursive: true });
  }
}

/** Starts a service as the runner does, and waits for its health check. @returns the container. */
export async function startService({ image, options, ports }: Service): Promise<string> {
  const published = ports.flatMap((port) => ["--publish", port]);
  const run = ["run", "--detach", ...published, ...options.split(" "), image];
  const id = (await docker(run)).trim();
  atEnd(() => tryDocker(["rm", "--force", "--volumes", id]));
  const format = "{{if .Config.Healthcheck}}{{.State.Health.Status}}{{end}}";
  await until("the service is healthy", async () => {
    const health = (await docker(["inspect", "--format", format, id])).trim();
    if (health === "unhealthy" || health === "") throw new Error(`the service's health is "${health}"`);
    return health === "healthy";
  });
  return id;
}

/** Runs the steps of a job on the network of the engine's machine, which is the runner. @returns what they print. */
export async function runSteps({ steps, env = {} }: Job): Promise<string> {
  const variables = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const run = ["run", "--rm", "--interactive", "--network", "host", ...variables, "--entrypoint", "bash"];
  let printed = "";
  for (const { run: script } of steps) {
    if (script === undefined) continue;
    printed += await docker([...run, lab.system, "-e"], { input: script });
  }
  return printed;
}

/**
 * A job with a service, in the way in which GitLab's runner starts them with its Docker executor: executors/docker in its
 * source (19.4). Its settings are `privileged = true` and `volumes = ["/certs/client"]`, as GitLab's documentation has them.
 */
import { atEnd } from "../harness/cleanup.js";
import { until } from "../harness/command.js";
import { docker, tryDocker } from "../harness/docker.js";
import { labImage } from "../harness/lab.js";

type Variables = Readonly<Record<string, string>>;

interface Service {
  readonly name: string;
  readonly alias: string;
  readonly command?: readonly string[];
}

/** A job of `.gitlab-ci.yml`, with the members that the examples use. */
export interface GitlabJob {
  readonly image: string;
  readonly services: readonly Service[];
  readonly variables: Variables;
  readonly script: readonly string[];
}

export interface JobResult {
  readonly status: number | null;
  readonly output: string;
  /** What the services logged. */
  readonly services: string;
}

/** The runner's own limit. It warns then and goes on; here it is an error. */
const serviceLimit = 30_000;

export async function runJob(job: GitlabJob): Promise<JobResult> {
  const variables = expand(job.variables);
  const env = Object.entries(variables).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const volume = (await docker(["volume", "create"])).trim();
  atEnd(() => tryDocker(["volume", "rm", "--force", volume]));
  // Services and jobs get the same volumes and variables.
  const common = ["--privileged", "--volume", `${volume}:/certs/client`, ...env];

  const services: { id: string; alias: string; address: string }[] = [];
  for (const { name, alias, command = [] } of job.services) {
    const run = ["run", "--detach", ...common, expandText(name, variables), ...command];
    const id = (await docker(run)).trim();
    atEnd(() => tryDocker(["rm", "--force", "--volumes", id]));
    services.push({ id, alias, address: await addressOf(id) });
  }
  await Promise.all(services.map(({ id, address }) => waitForPort(id, address)));

  const hosts = services.flatMap(({ alias, address }) => ["--add-host", `${alias}:${address}`]);
  const script = ["set -e", ...job.script].join("\n");
  const run = ["run", "--rm", "--interactive", ...common, ...hosts, "--entrypoint", "sh", job.image];
  const { status, stdout, stderr } = await tryDocker(run, { input: script });
  const logs = await Promise.all(services.map(({ id }) => tryDocker(["logs", id])));
  const logged = logs.map((log) => log.stdout + log.stderr).join("");
  for (const { id } of services) await docker(["rm", "--force", "--volumes", id]);
  return { status, output: stdout + stderr, services: logged };
}

/** Any one of the exposed ports is enough, whichever answers first. */
async function waitForPort(id: string, address: string): Promise<void> {
  const format = "{{range $port, $_ := .Config.ExposedPorts}}{{$port}} {{end}}";
  const exposed = await docker(["inspect", "--format", format, id]);
  const ports = [...exposed.matchAll(/(\d+)\/tcp/g)].map(([, port]) => `nc -w 1 ${address} ${port} -e true`);
  if (ports.length === 0) throw new Error("the service exposes no port");
  const check = ["run", "--rm", labImage("busybox:1"), "sh", "-c", ports.join(" || ")];
  await until(
    `a port of the service answers (${exposed.trim()})`,
    async () => (await tryDocker(check)).status === 0,
    serviceLimit,
  );
}

async function addressOf(id: string): Promise<string> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  return (await docker(["inspect", "--format", format, id])).trim();
}

/** Variables may name others. */
function expand(variables: Variables): Variables {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, expandText(value, variables)]),
  );
}

function expandText(text: string, variables: Variables): string {
  return text.replace(/\$(\w+)/g, (_, name: string) => variables[name] ?? "");
}

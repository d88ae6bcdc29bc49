/**
 * `npm run demo`: builds examples/hello, starts two system containers from it without a network, and shows their
 * images, their cost, and the number of outer layers with inner layers.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cleanUp } from "../test/harness/cleanup.js";
import { docker, tryDocker } from "../test/harness/docker.js";
import { lab } from "../test/harness/lab.js";
import { SystemContainer } from "../test/harness/system-container.js";

const folder = join(fileURLToPath(import.meta.url), "../hello");
const image = "larder-demo";

async function buildHello(): Promise<void> {
  console.log(`\nbuilding examples/hello with the frontend ${lab.frontend}`);
  const settings = { BUILDKIT_SYNTAX: lab.frontend, SYSTEM: lab.system, REGISTRY: lab.registry };
  const args = Object.entries(settings).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  const allow = ["--allow", "network.host"];
  const build = ["buildx", "build", ...allow, "--progress", "plain", "--tag", image];
  const { status, stderr } = await tryDocker([...build, ...args, folder], { timeout: 600_000 });
  if (status !== 0) throw new Error(`examples/hello could not be built:\n${stderr}`);
  console.log(
    stderr
      .split("\n")
      .filter((line) => /^#\d+ \[larder\]/.test(line))
      .join("\n"),
  );
}

async function showContainer(number: number): Promise<void> {
  const container = await SystemContainer.start(image);
  const attach = (await container.logs()).split("\n").find((line) => line.startsWith("larder:"));
  const written = await container.written();
  const python = `${lab.registry}/python:3`;
  const script = "import platform; print('hello from Python', platform.python_version())";
  console.log(
    `\nsystem container ${number}\n${attach}\nwritten by the container: ${(written / 1e6).toFixed(2)} MB`,
  );
  console.log(`$ docker image ls --digests\n${await container.inner("image", "ls", "--digests")}`);
  console.log(
    `$ docker run ${python} ...\n${await container.inner("run", "--rm", python, "python3", "-c", script)}`,
  );
}

async function showLayers(): Promise<void> {
  const history = await docker(["history", "--no-trunc", "--format", "{{.Size}}\t{{.CreatedBy}}", image]);
  const inner = history.split("\n").filter((line) => /\tPRELOAD .*sha256:/.test(line));
  console.log(`${inner.length} layers of the system image hold inner layers:\n${inner.reverse().join("\n")}`);
}

try {
  await buildHello();
  await showContainer(1);
  await showContainer(2);
  await showLayers();
} finally {
  await cleanUp();
}

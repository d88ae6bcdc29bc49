/** Looks into a container: by `attach --explain` while it runs, and else by the files that the engine gives out. */
import { PassThrough, type Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { daemonUnits } from "../../daemons.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { type Engine, engineError } from "../images/engine.js";
import { daemonIn, isSystemd } from "./daemon.js";
import { type InnerFacts, type OuterFacts, parseExplained } from "./facts.js";
import { isStatus } from "./read-outer.js";

const attach = `/${shelf}/${onShelf.bin}/attach`;

export async function readInnerFacts(engine: Engine, outer: OuterFacts): Promise<InnerFacts> {
  const container = engine.docker.getContainer(outer.id);
  try {
    if (!outer.isRunning) return await readStopped(container);
    return await explainDaemon(engine.docker, container, outer);
  } catch (error) {
    throw engineError(error, engine);
  }
}

async function readStopped(container: Docker.Container): Promise<InnerFacts> {
  const [hasShelf, ...markers] = await Promise.all(
    [`/${shelf}/${onShelf.bin}`, "/var/lib/docker/larder", "/var/lib/docker/containerd/daemon/larder"].map(
      (path) => has(container, path),
    ),
  );
  return { kind: "stopped", hasShelf: hasShelf ?? false, isAttached: markers.includes(true) };
}

async function has(container: Docker.Container, path: string): Promise<boolean> {
  try {
    const answer: Readable = (await container.infoArchive({ path })) as unknown as Readable;
    // The answer to HEAD has no body, and would keep the connection.
    answer.destroy();
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

/**
 * Explains the daemon that runs: attach finds its arguments and its environment. If none runs, it is the one that the
 * container's command starts, or systemd.
 */
async function explainDaemon(docker: Docker, container: Docker.Container, outer: OuterFacts) {
  const dockerd = await explain(docker, container, ["dockerd"]);
  if (dockerd.kind === "failed" || runs(dockerd)) return dockerd;
  const containerd = await explain(docker, container, ["containerd"]);
  if (runs(containerd)) return containerd;
  const started = daemonIn(outer.command);
  if (started) return explain(docker, container, started);
  if (isSystemd(outer.command)) {
    return explain(docker, container, ["--unit", `${daemonUnits.dockerd[0]}.service`, "dockerd"]);
  }
  if (shows(dockerd)) return dockerd;
  if (shows(containerd)) return containerd;
  // Podman is no daemon that would run.
  const podman = await explain(docker, container, ["podman"]);
  return shows(podman) || hasOnlyPodman(podman) ? podman : dockerd;
}

function hasOnlyPodman(inner: InnerFacts): boolean {
  if (inner.kind !== "explained") return false;
  const shelves = inner.explained.found.filter(({ name }) => name === "shelf");
  return shelves.length > 0 && shelves.every(({ text }) => text.endsWith(" for podman"));
}

function runs(inner: InnerFacts): boolean {
  const daemon = inner.kind === "explained" && inner.explained.found.find(({ name }) => name === "daemon");
  return daemon ? / \(process \d+\)$/.test(daemon.text) : false;
}

function shows(inner: InnerFacts): boolean {
  return inner.kind === "explained" && inner.explained.shows === true;
}

async function explain(
  docker: Docker,
  container: Docker.Container,
  words: readonly string[],
): Promise<InnerFacts> {
  // An image may have a USER, and only root can look into a data root.
  const exec = await container.exec({
    Cmd: [attach, "--explain", ...words],
    User: "0",
    AttachStdout: true,
    AttachStderr: true,
  });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const outputs = Promise.all([text(stdout), text(stderr)]);
  try {
    const stream = await exec.start({});
    docker.modem.demuxStream(stream, stdout, stderr);
    await new Promise((resolve, reject) => stream.on("end", resolve).on("error", reject));
  } catch (error) {
    // The engine cannot start the program, and says so in its own words.
    if (!isStatus(error, 400, 404, 500)) throw error;
    return { kind: "failed", reason: await reasonOf(container) };
  } finally {
    stdout.end();
    stderr.end();
  }
  const [printed, said] = await outputs;
  const { ExitCode: code } = await exec.inspect();
  const explained = parseExplained(printed, code);
  if (explained.found.length > 0) return { kind: "explained", explained };
  return { kind: "failed", reason: await reasonOf(container, said) };
}

/** Why attach could not be run, or did not know `--explain`. */
async function reasonOf(container: Docker.Container, said = ""): Promise<string> {
  if (!(await has(container, attach))) {
    return `there is no ${attach} in the container: build its image with PRELOAD, and leave mounts over /${shelf} out`;
  }
  if (said.includes('unknown container manager "--explain"'))
    return `${attach} was made by an earlier Larder, which does not know --explain: build the image again`;
  if (said.startsWith("larder: ")) return said.slice("larder: ".length).trim();
  return `${attach} cannot be run in the container: it needs a shell, /bin/sh`;
}

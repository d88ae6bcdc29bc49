/** Looks into a container: by `attach --explain` while it runs, and else by the files that the engine gives out. */
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { onShelf, shelf } from "../../shelf/paths.js";
import { type Engine, engineError } from "../images/engine.js";
import { daemonIn, daemonRuns, isSystemd } from "./daemon.js";
import { type InnerFacts, type OuterFacts, parseExplained } from "./facts.js";
import { isStatus } from "./read-outer.js";

const attach = `/${shelf}/${onShelf.bin}/attach`;

export async function readInnerFacts(engine: Engine, outer: OuterFacts): Promise<InnerFacts> {
  const container = engine.docker.getContainer(outer.id);
  try {
    if (!outer.isRunning) return await readStopped(container);
    return await explain(engine.docker, container, await explainWords(container, outer));
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
    await container.infoArchive({ path });
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

/**
 * The words after `--explain`. attach finds the arguments and the environment of a daemon that runs. Otherwise they are
 * those of the container's command, or systemd's.
 */
async function explainWords(container: Docker.Container, outer: OuterFacts): Promise<readonly string[]> {
  const { Processes } = (await container.top()) as { Processes: readonly (readonly string[])[] };
  const commands = Processes.map((columns) => columns.at(-1) ?? "");
  const running = daemonRuns(commands);
  if (running) return [running];
  const started = daemonIn(outer.command);
  if (started) return started;
  return isSystemd(commands[0] ?? "") ? ["--unit", "docker.service", "dockerd"] : ["dockerd"];
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

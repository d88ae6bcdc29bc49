import { randomUUID } from "node:crypto";
import { atEnd } from "./cleanup.js";
import { until } from "./command.js";
import { docker, type EngineOptions, spawnDocker, tryDocker } from "./docker.js";

/** The programs inside: a command that succeeds once the daemon answers, and the daemon's folder for images. */
const daemons = {
  docker: { ready: ["docker", "version"], root: "/var/lib/docker" },
  containerd: { ready: ["ctr", "version"], root: "/var/lib/containerd" },
  // It has none: the first command of a test is the first one of all.
  podman: { ready: ["true"], root: "/var/lib/containers" },
} as const;

type DaemonName = keyof typeof daemons;

export interface SystemOptions extends EngineOptions {
  /** The default is `docker`. */
  readonly daemon?: DaemonName;
  readonly env?: Readonly<Record<string, string>>;
  /** Lets the inner daemon mount. The default is `--privileged`. */
  readonly privilege?: readonly string[];
  /** The default is `none`. With `bridge`, it reaches the lab's registry. */
  readonly network?: "none" | "bridge";
  /** More arguments for `docker run`. */
  readonly args?: readonly string[];
  /** In the place of the image's. */
  readonly command?: readonly string[];
}

/** A running system container: a container with a Docker daemon, a containerd or Podman inside. */
export class SystemContainer {
  readonly id: string;
  readonly #engine: Pick<EngineOptions, "engine">;
  readonly #daemon: (typeof daemons)[DaemonName];

  private constructor(id: string, engine: Pick<EngineOptions, "engine">, daemon: DaemonName = "docker") {
    this.id = id;
    this.#engine = engine;
    this.#daemon = daemons[daemon];
  }

  /** Starts a container and waits until its inner daemon answers. */
  static async start(
    image: string,
    {
      engine,
      env,
      daemon,
      privilege = ["--privileged"],
      network = "none",
      args,
      command = [],
    }: SystemOptions = {},
  ): Promise<SystemContainer> {
    const on = engine === undefined ? {} : { engine };
    const variables = Object.entries(env ?? {}).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    // `sleep` as the first process ignores SIGTERM, so each restart would wait for the time limit.
    const flags = ["run", "--detach", ...privilege, "--network", network, "--stop-signal", "SIGKILL"];
    const id = (await docker([...flags, ...variables, ...(args ?? []), image, ...command], on)).trim();
    const container = new SystemContainer(id, on, daemon);
    atEnd(() => container.remove());
    await container.ready();
    return container;
  }

  /** A container with this name, which another program starts. */
  static named(
    name: string,
    { daemon, ...engine }: Pick<SystemOptions, "engine" | "daemon"> = {},
  ): SystemContainer {
    return new SystemContainer(name, engine, daemon);
  }

  async ready(): Promise<void> {
    try {
      const { ready } = this.#daemon;
      await until("the inner daemon answers", async () => (await this.try(...ready)).status === 0);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${await this.logs()}`);
    }
  }

  /** A command in the container that must succeed. */
  exec(...command: string[]): Promise<string> {
    return docker(["exec", this.id, ...command], this.#engine);
  }

  try(...command: string[]) {
    return tryDocker(["exec", this.id, ...command], this.#engine);
  }

  /** A command in the container that gets input while it runs. */
  spawn(...command: string[]) {
    return spawnDocker(["exec", "--interactive", this.id, ...command], this.#engine);
  }

  /** A command of the inner docker client that must succeed. */
  inner(...args: string[]): Promise<string> {
    return this.exec("docker", ...args);
  }

  /** A command of containerd's own client that must succeed. */
  ctr(namespace: string, ...args: string[]): Promise<string> {
    return this.exec("ctr", "--namespace", namespace, ...args);
  }

  /** What the first process and its children have said until now. */
  async logs(): Promise<string> {
    // The engine copies it in its own time. Where a line written now has come, those before it have.
    const mark = `read ${randomUUID()}`;
    const { status } = await this.try("sh", "-c", `echo '${mark}' >/proc/1/fd/2`);
    const read = async () => {
      const { stdout, stderr } = await tryDocker(["logs", this.id], this.#engine);
      return stdout + stderr;
    };
    if (status === 0) await until(`the log has "${mark}"`, async () => (await read()).includes(`${mark}\n`));
    return read();
  }

  /** Bytes of the container on the host's disk: its layer and its inner daemon's data root. */
  async written(): Promise<number> {
    const layer = await docker(
      ["container", "inspect", "--size", "--format", "{{.SizeRw}}", this.id],
      this.#engine,
    );
    const dataRoot = await this.exec("du", "--summarize", "--block-size=1", this.#daemon.root);
    return Number(layer) + Number(dataRoot.split("\t")[0]);
  }

  async restart(): Promise<void> {
    await docker(["restart", "--time", "5", this.id], this.#engine);
    await this.ready();
  }

  /** Removes the container and its anonymous volumes. */
  async remove(): Promise<void> {
    await tryDocker(["rm", "--force", "--volumes", this.id], this.#engine);
  }
}

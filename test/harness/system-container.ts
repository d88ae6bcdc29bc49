import { atEnd } from "./cleanup.js";
import { until } from "./command.js";
import { docker, type EngineOptions, spawnDocker, tryDocker } from "./docker.js";

/** What runs inside: the command that succeeds once it answers, and where it keeps images. */
const daemons = {
  docker: { ready: ["docker", "version"], root: "/var/lib/docker" },
  containerd: { ready: ["ctr", "version"], root: "/var/lib/containerd" },
} as const;

type DaemonName = keyof typeof daemons;

export interface SystemOptions extends EngineOptions {
  /** `docker` unless said otherwise. */
  readonly daemon?: DaemonName;
  readonly env?: Readonly<Record<string, string>>;
  /** What lets the inner daemon mount: `--privileged` unless said otherwise. */
  readonly privilege?: readonly string[];
  /** `none` unless said otherwise; with `bridge` it reaches the lab's registry. */
  readonly network?: "none" | "bridge";
  /** More arguments for `docker run`. */
  readonly args?: readonly string[];
}

/** A running system container: a container with a Docker daemon or a containerd inside. */
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
    { engine, env, daemon, privilege = ["--privileged"], network = "none", args }: SystemOptions = {},
  ): Promise<SystemContainer> {
    const on = engine === undefined ? {} : { engine };
    const variables = Object.entries(env ?? {}).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    // As the first process, `sleep` does not hear of SIGTERM: each restart would wait for its time limit.
    const flags = ["run", "--detach", ...privilege, "--network", network, "--stop-signal", "SIGKILL"];
    const id = (await docker([...flags, ...variables, ...(args ?? []), image], on)).trim();
    const container = new SystemContainer(id, on, daemon);
    atEnd(() => container.remove());
    await container.ready();
    return container;
  }

  /** A container of this name that somebody else starts. */
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

  /** A command in the container that has to succeed. */
  exec(...command: string[]): Promise<string> {
    return docker(["exec", this.id, ...command], this.#engine);
  }

  try(...command: string[]) {
    return tryDocker(["exec", this.id, ...command], this.#engine);
  }

  /** A command in the container that is talked to while it runs. */
  spawn(...command: string[]) {
    return spawnDocker(["exec", "--interactive", this.id, ...command], this.#engine);
  }

  /** A command of the inner docker client that has to succeed. */
  inner(...args: string[]): Promise<string> {
    return this.exec("docker", ...args);
  }

  /** A command of containerd's own client that has to succeed. */
  ctr(namespace: string, ...args: string[]): Promise<string> {
    return this.exec("ctr", "--namespace", namespace, ...args);
  }

  async logs(): Promise<string> {
    const { stdout, stderr } = await tryDocker(["logs", this.id], this.#engine);
    return stdout + stderr;
  }

  /** Bytes that the container takes on the host's disk: its layer and its inner daemon's data root. */
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

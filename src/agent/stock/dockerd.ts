import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { LarderError } from "../../error.js";
import { run } from "../../store/tool.js";
import { dataRootInStage } from "./chroot.js";
import { EngineApi } from "./engine-api.js";

const upWithinMs = 90_000;
const downWithinMs = 60_000;
const keptLogLines = 20;
const here = "/run/larder";

/** The stage's own dockerd, run by chroot with a data root, a socket and an exec root of its own. */
export class Dockerd {
  readonly api: EngineApi;
  readonly #process: ChildProcess;
  readonly #exit: Promise<string>;
  readonly #log: string[] = [];
  #ended = false;

  /**
   * @param program The daemon, absolute in the stage.
   * @param env The stage's environment; PATH in it leads to containerd.
   * @throws LarderError with the daemon's last log lines, if it does not come up.
   */
  static async start(
    stage: string,
    program: string,
    env: readonly string[],
    config: object,
  ): Promise<Dockerd> {
    await mkdir(stage + here, { recursive: true });
    await writeFile(`${stage}${here}/daemon.json`, JSON.stringify(config));
    const help = await run("chroot", [stage, program, "--help"]).catch((cause: Error) => {
      throw new LarderError(
        `the stage's container manager ${program} cannot be run (${cause.message}): install one for the builder's platform`,
        { cause },
      );
    });
    const daemon = new Dockerd(stage, [program, ...daemonArguments(help.toString("utf8"))], env);
    await daemon.#up();
    return daemon;
  }

  private constructor(stage: string, command: readonly string[], env: readonly string[]) {
    this.api = new EngineApi(`${stage}${here}/docker.sock`);
    this.#process = spawn("chroot", [stage, ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      env: daemonEnvironment(env),
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => this.#keep(line));
    }
    this.#exit = new Promise((resolve) => {
      this.#process.on("error", (error) => resolve(error.message));
      this.#process.on("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    this.#exit.then(() => {
      this.#ended = true;
    });
  }

  /** The last lines that the daemon logged. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** Asks the daemon to end, and waits for it: only then its data root is complete. */
  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    const timer = new AbortController();
    const late = sleep(downWithinMs, "late" as const, { signal: timer.signal }).catch(() => "late" as const);
    const how = await Promise.race([this.#exit, late]);
    timer.abort();
    if (how === "late") {
      this.#process.kill("SIGKILL");
      throw this.#failure(`did not end within ${downWithinMs / 1000} s`);
    }
  }

  async #up(): Promise<void> {
    const deadline = performance.now() + upWithinMs;
    while (!(await this.api.ping())) {
      if (this.#ended) throw this.#failure(`did not come up (${await this.#exit})`);
      if (performance.now() > deadline) {
        this.#process.kill("SIGKILL");
        throw this.#failure(`did not answer within ${upWithinMs / 1000} s`);
      }
      await sleep(50);
    }
  }

  #failure(what: string): LarderError {
    return new LarderError(
      `the stage's container manager ${what}; its last log lines:\n${this.#log.join("\n")}`,
    );
  }

  #keep(line: string): void {
    this.#log.push(line);
    if (this.#log.length > keptLogLines) this.#log.shift();
  }
}

/** No networks, since the step has none, and nothing outside the directories that are thrown away. */
function daemonArguments(help: string): string[] {
  const flags = [
    `--config-file=${here}/daemon.json`,
    `--data-root=${dataRootInStage}`,
    `--exec-root=${here}/exec`,
    `--pidfile=${here}/docker.pid`,
    `--host=unix://${here}/docker.sock`,
    "--bridge=none",
    "--iptables=false",
    "--ip6tables=false",
    "--ip-forward=false",
  ];
  return flags.filter((flag) => help.includes(`${flag.slice(0, flag.indexOf("="))} `));
}

function daemonEnvironment(env: readonly string[]): NodeJS.ProcessEnv {
  const names = ["PATH=", "DOCKER_DRIVER=", "DOCKER_RAMDISK="];
  const chosen = env.filter((line) => names.some((name) => line.startsWith(name)));
  const pairs = chosen.map(
    (line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const,
  );
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ...Object.fromEntries(pairs),
  };
}

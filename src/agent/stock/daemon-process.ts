import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { LarderError } from "../../error.js";
import { failureSentence, printLog } from "./explain.js";

const upWithinMs = 90_000;
const downWithinMs = 60_000;
const keptLogLines = 500;
/** When a daemon ends, its connection may break before the end of the process is seen. */
const endWithinMs = 500;

/** The directory in the stage for the sockets and configs of daemons in the stock step: on a tmpfs. */
export const runDirectory = "/run/larder";

/** A daemon of the stage that runs by chroot. */
export class DaemonProcess {
  readonly #process: ChildProcess;
  readonly #exit: Promise<string>;
  readonly #log: string[] = [];
  #ended = false;

  /** @param env Variables of the stage for the daemon (`NAME=value`). */
  constructor(stage: string, command: readonly string[], env: readonly string[]) {
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

  /** The last lines of the daemon's log. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** @throws LarderError with the daemon's reason, if it does not come up. */
  async up(answers: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + upWithinMs;
    while (!(await answers())) {
      if (this.#ended) throw this.#failure(`did not come up (${await this.#exit})`);
      if (performance.now() > deadline) {
        this.#process.kill("SIGKILL");
        throw this.#failure(`did not answer within ${upWithinMs / 1000} s`);
      }
      await sleep(50);
    }
  }

  /** Tells how the daemon ended, if it has ended or is about to: for callers that lost the connection. */
  async ending(): Promise<string | undefined> {
    return Promise.race([this.#exit, sleep(this.#ended ? 0 : endWithinMs, undefined, { ref: false })]);
  }

  /** Asks the daemon to end, and waits for it: its data root is complete only then. */
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

  #failure(what: string): LarderError {
    printLog(this.#log);
    return new LarderError(failureSentence(what, this.#log));
  }

  #keep(line: string): void {
    this.#log.push(line);
    if (this.#log.length > keptLogLines) this.#log.shift();
  }
}

function daemonEnvironment(env: readonly string[]): NodeJS.ProcessEnv {
  const pairs = env.map(
    (line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const,
  );
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    // dockerd starts containerd by its name, and an earlier PRELOAD may have put Larder's program before it.
    LARDER_ATTACH: "off",
    ...Object.fromEntries(pairs),
  };
}

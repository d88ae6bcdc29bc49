import { mkdir, writeFile } from "node:fs/promises";
import { dataRootInStage } from "./chroot.js";
import { DaemonProcess, runDirectory } from "./daemon-process.js";
import { EngineApi } from "./engine-api.js";
import { tryProgram } from "./try-program.js";

const execRoot = `${runDirectory}/exec`;

/** The stage's own dockerd. It runs by chroot with a separate data root, socket and exec root. */
export class Dockerd {
  readonly api: EngineApi;
  /** Socket of the containerd that dockerd starts. */
  readonly containerdSocket: string;
  readonly #process: DaemonProcess;

  /**
   * @param program The daemon, absolute in the stage.
   * @param env The stage's environment. containerd is found by its PATH.
   * @throws LarderError with the daemon's reason, if it does not come up.
   */
  static async start(
    stage: string,
    program: string,
    env: readonly string[],
    config: object,
  ): Promise<Dockerd> {
    await mkdir(stage + runDirectory, { recursive: true });
    await writeFile(`${stage}${runDirectory}/daemon.json`, JSON.stringify(config));
    const help = await tryProgram(stage, program, "--help");
    const daemon = new Dockerd(stage, [program, ...daemonArguments(help)], env);
    await daemon.#process.up(() => daemon.api.ping());
    return daemon;
  }

  private constructor(stage: string, command: readonly string[], env: readonly string[]) {
    this.api = new EngineApi(`${stage}${runDirectory}/docker.sock`);
    this.containerdSocket = `${stage}${execRoot}/containerd/containerd.sock`;
    this.#process = new DaemonProcess(stage, command, env);
  }

  get process(): Pick<DaemonProcess, "log" | "ending"> {
    return this.#process;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

/** No networks, since the step has none, and no files outside the directories that are thrown away. */
function daemonArguments(help: string): string[] {
  const flags = [
    `--config-file=${runDirectory}/daemon.json`,
    `--data-root=${dataRootInStage}`,
    `--exec-root=${execRoot}`,
    `--pidfile=${runDirectory}/docker.pid`,
    `--host=unix://${runDirectory}/docker.sock`,
    "--bridge=none",
    "--iptables=false",
    "--ip6tables=false",
    "--ip-forward=false",
  ];
  return flags.filter((flag) => help.includes(`${flag.slice(0, flag.indexOf("="))} `));
}

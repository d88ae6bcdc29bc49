import { mkdir, writeFile } from "node:fs/promises";
import { versionOf } from "../containerd/client.js";
import { dataRootInStage } from "./chroot.js";
import { DaemonProcess, runDirectory } from "./daemon-process.js";
import { tryProgram } from "./try-program.js";

/** A containerd without Docker. It runs by chroot with a separate root, state directory and socket. */
export class ContainerdDaemon {
  readonly socket: string;
  readonly version: string;
  readonly #process: DaemonProcess;

  /**
   * @param program The daemon, absolute in the stage.
   * @throws LarderError with the daemon's reason, if it does not come up.
   */
  static async start(stage: string, program: string, env: readonly string[]): Promise<ContainerdDaemon> {
    await mkdir(stage + runDirectory, { recursive: true });
    const config = `${runDirectory}/containerd.toml`;
    await writeFile(stage + config, formatConfig());
    await tryProgram(stage, program, "--version");
    const process = new DaemonProcess(stage, [program, "--config", config], env);
    const socket = stage + socketInStage;
    let version: string | undefined;
    await process.up(async () => {
      version = await versionOf(socket);
      return version !== undefined;
    });
    return new ContainerdDaemon(process, socket, version ?? "");
  }

  private constructor(process: DaemonProcess, socket: string, version: string) {
    this.#process = process;
    this.socket = socket;
    this.version = version;
  }

  get process(): Pick<DaemonProcess, "log" | "ending"> {
    return this.#process;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

const socketInStage = `${runDirectory}/containerd.sock`;

/** Every containerd from 1.2 to 2.x reads version 2. CRI is not needed, and would require networks. */
function formatConfig(): string {
  return [
    "version = 2",
    `root = "${dataRootInStage}"`,
    `state = "${runDirectory}/containerd"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    "[grpc]",
    `  address = "${socketInStage}"`,
    "",
  ].join("\n");
}

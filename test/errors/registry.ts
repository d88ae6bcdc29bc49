import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { atEnd } from "../harness/cleanup.js";
import { lab } from "../harness/lab.js";
import type { Fault } from "./faults.js";

/** A registry with a fault, and with the images of the lab's registry. */
export class FaultyRegistry {
  /** `<host>:<port>` */
  readonly address: string;
  /** Its deeds, in order. */
  readonly deeds: readonly string[];
  readonly #process: ChildProcess;

  private constructor(address: string, deeds: readonly string[], process: ChildProcess) {
    this.address = address;
    this.deeds = deeds;
    this.#process = process;
  }

  static async start(fault: Fault): Promise<FaultyRegistry> {
    const program = fileURLToPath(new URL("registry-front.ts", import.meta.url));
    const command = [process.execPath, "--import", "tsx", program, lab.registry, fault];
    const child = spawn(lab.inNetwork, command, { stdio: ["ignore", "pipe", "inherit"] });
    const lines: string[] = [];
    const port = await new Promise<string>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`the registry ended with exit code ${code}`)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        // Its first line is its port.
        if (/^\d+$/.test(line)) resolve(line);
        else lines.push(line);
      });
    });
    const registry = new FaultyRegistry(lab.registry.replace(/\d+$/, port), lines, child);
    atEnd(async () => registry.stop());
    return registry;
  }

  /** The build argument that allows plain HTTP. */
  get allowed(): readonly string[] {
    return ["--build-arg", `LARDER_INSECURE_REGISTRIES=${this.address}`];
  }

  stop(): void {
    this.#process.kill();
  }
}

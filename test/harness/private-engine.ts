import { fileURLToPath } from "node:url";
import { atEnd } from "./cleanup.js";
import { output } from "./command.js";
import type { EngineOptions } from "./docker.js";

const program = fileURLToPath(new URL("../../lab/engine.sh", import.meta.url));

/** An engine of the lab for one suite, with options of its own. `lab/engine.sh` lists them. */
export class PrivateEngine {
  readonly host: NonNullable<EngineOptions["engine"]>;
  readonly #name: string;

  private constructor(name: string, host: string) {
    this.#name = name;
    this.host = host as `unix://${string}`;
  }

  static async start(name: string, ...options: readonly string[]): Promise<PrivateEngine> {
    atEnd(() => remove(name));
    // An engine that a killed run left behind would be full, or have other options.
    await remove(name);
    return new PrivateEngine(name, (await output(program, ["start", name, ...options])).trim());
  }

  remove(): Promise<void> {
    return remove(this.#name);
  }
}

async function remove(name: string): Promise<void> {
  await output(program, ["remove", name]).catch((error: Error) => {
    if (!error.message.includes(`there is no engine ${name}`)) throw error;
  });
}

import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { extract } from "tar-stream";
import { formatPlatform, type Platform } from "../../image/platform.js";
import { isObject } from "../../is-object.js";
import type { Engine } from "./engine.js";

/** Single files of an engine's image, by a container that is created and never started. */
export class ContainerFiles {
  readonly #engine: Engine;
  readonly #reference: string;
  readonly #platform: Platform;
  #container: Promise<Docker.Container> | undefined;

  constructor(engine: Engine, reference: string, platform: Platform) {
    this.#engine = engine;
    this.#reference = reference;
    this.#platform = platform;
  }

  /** @returns undefined if there is no such file. */
  async read(path: string): Promise<Buffer | undefined> {
    this.#container ??= this.#create();
    const container = await this.#container;
    try {
      const archive = await container.getArchive({ path: `/${path}` });
      return await firstFile(Readable.from(archive));
    } catch (error) {
      if (isObject(error) && error.statusCode === 404) return undefined;
      throw error;
    }
  }

  async delete(): Promise<void> {
    const container = await this.#container?.catch(() => undefined);
    await container?.remove({ force: true, v: true });
  }

  #create(): Promise<Docker.Container> {
    return this.#engine.docker.createContainer({
      Image: this.#reference,
      platform: formatPlatform(this.#platform),
      // Some image may have no command, and the engine asks for one.
      Cmd: ["larder"],
      Labels: { "io.larder.inspect": "" },
      NetworkDisabled: true,
    });
  }
}

async function firstFile(archive: Readable): Promise<Buffer | undefined> {
  const entries = archive.pipe(extract());
  for await (const entry of entries) {
    if (entry.header.type === "file") return buffer(entry);
    entry.resume();
  }
  return undefined;
}

import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { LarderError } from "../../error.js";
import { formatPlatform, type Platform } from "../../image/platform.js";
import { type OpenArchive, openArchive } from "./archive-index.js";
import { type Engine, requestStream } from "./engine.js";
import { openLayout } from "./layout.js";
import type { OpenOptions } from "./open-options.js";
import type { OuterImage } from "./outer-image.js";

/**
 * What `docker save` gives, in a temporary file, once a layer is asked for. The engine sends layers in an order of its
 * own, and says at the end which is which, so a stream alone cannot give one of them.
 */
export class EngineSave {
  readonly #engine: Engine;
  readonly #name: string;
  readonly #reference: string;
  readonly #platform: Platform;
  #saved: Promise<Saved> | undefined;

  constructor(engine: Engine, name: string, reference: string, platform: Platform) {
    this.#engine = engine;
    this.#name = name;
    this.#reference = reference;
    this.#platform = platform;
  }

  async image({ note }: OpenOptions): Promise<OuterImage> {
    this.#saved ??= this.#save(note);
    return (await this.#saved).image;
  }

  async delete(): Promise<void> {
    const saved = await this.#saved?.catch(() => undefined);
    if (!saved) return;
    await saved.archive.close();
    await rm(saved.folder, { recursive: true, force: true });
  }

  async #save(note: OpenOptions["note"]): Promise<Saved> {
    note(`${this.#name}: saving it to ${tmpdir()}, to read its layers`);
    const folder = await mkdtemp(join(tmpdir(), "larder-"));
    try {
      const path = join(folder, "image.tar");
      const stream = await requestStream(this.#engine, `/images/${this.#reference}/get`);
      await pipeline(stream, createWriteStream(path));
      const archive = await openArchive(path);
      const image = await openLayout("engine", archive, { name: this.#name, platform: this.#platform });
      return { folder, archive, image };
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      const platform = formatPlatform(this.#platform);
      throw new LarderError(`image "${this.#name}" (${platform}): ${LarderError.from(error).message}`, {
        cause: error,
      });
    }
  }
}

interface Saved {
  readonly folder: string;
  readonly archive: OpenArchive;
  readonly image: OuterImage;
}

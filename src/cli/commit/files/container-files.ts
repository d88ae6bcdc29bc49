/**
 * The container's own files as an image of the engine, which the build stands on: what `docker commit` makes, without the
 * data roots. It lies in the engine under a name of its own until the build is done. The layers of the container's image
 * are not copied: the engine has them.
 */
import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type Docker from "dockerode";
import { type Pack, pack } from "tar-stream";
import { LarderError } from "../../../error.js";
import { digestOf } from "../../../image/digest.js";
import { formatLayoutIndex, nameAnnotation } from "../../../image/layout-index.js";
import { mediaTypeOf } from "../../../image/manifest.js";
import { blobPath } from "../../../image/oci-layout.js";
import { isObject } from "../../../is-object.js";
import { type Engine, requestStream } from "../../images/engine.js";
import { withoutDataRoots } from "./filter-layer.js";
import { hashFile } from "./hash-file.js";
import { readSavedLayer, readSavedLayers, type SavedLayers } from "./saved-image.js";

export interface CommitOptions {
  readonly message?: string;
  readonly author?: string;
  readonly changes: readonly string[];
  readonly pauses: boolean;
}

/** Names of images that last as long as the command. */
const repository = "larder-commit";

export class ContainerFiles {
  readonly #engine: Engine;
  readonly #container: Docker.Container;
  readonly #tags: string[] = [];

  constructor(engine: Engine, container: Docker.Container) {
    this.#engine = engine;
    this.#container = container;
  }

  /** @param folder for temporary files. @returns the name of the image. */
  async commit(
    options: CommitOptions,
    dataRoots: readonly string[],
    folder: string,
    signal: AbortSignal,
  ): Promise<string> {
    const changes = await this.#container.changes();
    const tag = this.#newTag();
    await this.#container.commit({ repo: repository, tag, ...queryOf(options) }).catch((error: unknown) => {
      throw new LarderError(`the container cannot be committed: ${engineWords(error)}`, { cause: error });
    });
    const committed = `${repository}:${tag}`;
    const paths = (changes as readonly { Path: string }[] | null)?.map(({ Path }) => Path.slice(1)) ?? [];
    const isClean = paths.every((path) => !dataRoots.some((root) => `/${path}`.startsWith(`${root}/`)));
    if (isClean) return committed;
    return this.#withoutDataRoots(committed, dataRoots, folder, signal);
  }

  /** Deletes the images' names. What the result stands on stays, by the result's own name. */
  async remove(): Promise<void> {
    for (const tag of this.#tags.splice(0)) {
      await this.#engine.docker
        .getImage(`${repository}:${tag}`)
        .remove()
        .catch((error: { statusCode?: number }) => {
          if (error.statusCode !== 404) throw error;
        });
    }
  }

  #newTag(): string {
    const tag = randomBytes(8).toString("hex");
    this.#tags.push(tag);
    return tag;
  }

  async #withoutDataRoots(
    name: string,
    dataRoots: readonly string[],
    folder: string,
    signal: AbortSignal,
  ): Promise<string> {
    const open = () => requestStream(this.#engine, `/images/${name}/get`);
    const saved = await readSavedLayers(open);
    const path = saved.layers.at(-1);
    if (path === undefined) throw new LarderError("the engine committed the container without a layer");
    const file = join(folder, "layer.tar");
    const layer = withoutDataRoots(readSavedLayer(open, path), dataRoots);
    await pipeline(layer, createWriteStream(file), { signal });
    const tag = this.#newTag();
    const image = await describe(saved, await this.#usesContainerd(), file, `${repository}:${tag}`);
    await this.#load(image);
    return `${repository}:${tag}`;
  }

  async #usesContainerd(): Promise<boolean> {
    const { DriverStatus } = (await this.#engine.docker.info()) as {
      DriverStatus?: readonly (readonly string[])[] | null;
    };
    return DriverStatus?.some(([key]) => key === "driver-type") ?? false;
  }

  /** The engine has the lower layers already, and takes an archive without them. */
  async #load(files: readonly ArchiveFile[]): Promise<void> {
    const answer = (await this.#engine.docker.loadImage(archiveOf(files), { quiet: true })) as Readable;
    let text = "";
    for await (const part of answer) text += String(part);
    const error = /"error":("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
    if (error !== undefined)
      throw new LarderError(`the engine did not take the container's files: ${JSON.parse(error)}`);
  }
}

function queryOf({ message = "", author = "", pauses, changes }: CommitOptions) {
  const words = changes.length > 0 ? { changes: changes.join("\n") } : {};
  return { comment: message, author, pause: pauses, ...words };
}

/** dockerode puts a status before the engine's own message. */
function engineWords(error: unknown): string {
  const { json } = isObject(error) ? error : {};
  return isObject(json) && typeof json.message === "string" ? json.message : LarderError.from(error).message;
}

interface ArchiveFile {
  readonly name: string;
  readonly content: Buffer | { readonly file: string; readonly size: number };
}

/** The engine's store decides the form: the manifest of the containerd store keeps the registries' blobs. */
async function describe(
  saved: SavedLayers,
  isContainerd: boolean,
  file: string,
  name: string,
): Promise<ArchiveFile[]> {
  const diffId = await hashFile(file);
  const config = JSON.parse(saved.config.toString("utf8")) as { rootfs: { diff_ids: string[] } };
  config.rootfs.diff_ids.splice(-1, 1, diffId);
  const bytes = Buffer.from(JSON.stringify(config));
  if (isContainerd && saved.manifest)
    return containerdArchive(saved.manifest, bytes, await compress(file), name);
  return graphDriverArchive(saved, bytes, { file, size: (await stat(file)).size }, name);
}

function graphDriverArchive(
  { layers }: SavedLayers,
  config: Buffer,
  layer: ArchiveFile["content"],
  name: string,
): ArchiveFile[] {
  const [Config, own] = [`${digestOf(config).slice("sha256:".length)}.json`, "layer.tar"];
  const Layers = [...layers.slice(0, -1), own];
  const manifest = Buffer.from(JSON.stringify([{ Config, RepoTags: [name], Layers }]));
  return [
    { name: Config, content: config },
    { name: own, content: layer },
    { name: "manifest.json", content: manifest },
  ];
}

async function containerdArchive(
  manifest: Buffer,
  config: Buffer,
  file: string,
  name: string,
): Promise<ArchiveFile[]> {
  const { size } = await stat(file);
  const digest = await hashFile(file);
  const committed = JSON.parse(manifest.toString("utf8")) as { config: object; layers: object[] };
  const bytes = Buffer.from(
    JSON.stringify({
      ...committed,
      config: { ...committed.config, digest: digestOf(config), size: config.length },
      // The engine compresses a committed layer by gzip, too.
      layers: [...committed.layers.slice(0, -1), { ...committed.layers.at(-1), digest, size }],
    }),
  );
  const annotations = { [nameAnnotation]: `docker.io/library/${name}` };
  const top = { mediaType: mediaTypeOf(bytes), digest: digestOf(bytes), size: bytes.length, annotations };
  return [
    { name: "oci-layout", content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { name: blobPath(digest), content: { file, size } },
    ...[config, bytes].map((content) => ({ name: blobPath(digestOf(content)), content })),
    { name: "index.json", content: Buffer.from(formatLayoutIndex([top])) },
  ];
}

/** Registries and other engines get the blob as it is here. */
async function compress(file: string): Promise<string> {
  await pipeline(createReadStream(file), createGzip(), createWriteStream(`${file}.gz`));
  return `${file}.gz`;
}

function archiveOf(files: readonly ArchiveFile[]): NodeJS.ReadableStream {
  const archive = pack();
  const add = (header: Parameters<Pack["entry"]>[0], content: ArchiveFile["content"]): Promise<void> =>
    new Promise((resolve, reject) => {
      const done = (error?: Error | null) => (error ? reject(error) : resolve());
      if (Buffer.isBuffer(content)) archive.entry(header, content, done);
      else createReadStream(content.file).on("error", reject).pipe(archive.entry(header, done));
    });
  (async () => {
    for (const { name, content } of files) {
      const size = Buffer.isBuffer(content) ? content.length : content.size;
      await add({ name, size }, content);
    }
    archive.finalize();
  })().catch((error: Error) => archive.destroy(error));
  return Readable.from(archive, { objectMode: false });
}

/** The services of a containerd that stock needs, as promises. Nothing else of the agent knows grpc-js. */
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import {
  ContentClient,
  WriteAction,
  WriteContentRequest,
  type WriteContentResponse,
} from "../../gen/containerd/content.js";
import { DiffClient } from "../../gen/containerd/diff.js";
import { ImagesClient } from "../../gen/containerd/images.js";
import { LeasesClient } from "../../gen/containerd/leases.js";
import { type Info, SnapshotsClient } from "../../gen/containerd/snapshots.js";
import type { Descriptor, Mount } from "../../gen/containerd/types.js";
import { VersionClient } from "../../gen/containerd/version.js";
import type { Digest } from "../../store/chain.js";

export type Labels = Readonly<Record<string, string>>;

/** The only snapshotter whose directories attach can make. */
export const snapshotter = "overlayfs";

/** Labels that say where a blob came from: this and the registry's host, to repositories there. */
export const sourceLabelPrefix = "containerd.io/distribution.source.";

/** `write` sends the content in pieces of this size; a message has at most 16 MiB. */
const pieceBytes = 4 << 20;

type Done<Response> = (error: ServiceError | null, response: Response) => void;

/** One namespace of a containerd, which is there once something is in it, over its Unix socket; what is made in it is held by a lease, if there is one. */
export class Containerd {
  readonly #address: string;
  readonly #metadata = new Metadata();
  readonly #content: ContentClient;
  readonly #diff: DiffClient;
  readonly #images: ImagesClient;
  readonly #leases: LeasesClient;
  readonly #snapshots: SnapshotsClient;

  constructor(socket: string, namespace: string, lease?: string) {
    this.#address = `unix:${socket}`;
    this.#metadata.set("containerd-namespace", namespace);
    if (lease !== undefined) this.#metadata.set("containerd-lease", lease);
    const options = { "grpc.max_receive_message_length": 16 << 20, "grpc.default_authority": "localhost" };
    const connection = [this.#address, credentials.createInsecure(), options] as const;
    this.#content = new ContentClient(...connection);
    this.#diff = new DiffClient(...connection);
    this.#images = new ImagesClient(...connection);
    this.#leases = new LeasesClient(...connection);
    this.#snapshots = new SnapshotsClient(...connection);
  }

  close(): void {
    for (const client of [this.#content, this.#diff, this.#images, this.#leases, this.#snapshots])
      client.close();
  }

  async createLease(id: string): Promise<void> {
    await call((done) => this.#leases.create({ id }, this.#metadata, done));
  }

  /** Comes back when the garbage collection that follows has run. */
  async deleteLease(id: string): Promise<void> {
    await call((done) => this.#leases.delete({ id, sync: true }, this.#metadata, done));
  }

  /**
   * Puts a blob into the content store, with these labels beside those that it has already.
   * @param data Called only if the store does not have the bytes yet.
   */
  async write(
    digest: Digest,
    size: number,
    labels: Labels,
    data: () => AsyncIterable<Buffer>,
  ): Promise<void> {
    const stream = this.#content.write(this.#metadata);
    try {
      await writeBlob(stream, { digest, size, labels }, data);
    } catch (error) {
      if (!isAlready(error)) throw error;
      await this.#addLabels(digest, labels);
    }
  }

  async #addLabels(digest: Digest, labels: Labels): Promise<void> {
    const { info } = await call<{ info: { size: number; labels: Labels } | undefined }>((done) =>
      this.#content.info({ digest }, this.#metadata, done),
    );
    const all = { ...info?.labels, ...withSources(info?.labels ?? {}, labels) };
    await call((done) =>
      this.#content.update({ info: { digest, size: 0, labels: all } }, this.#metadata, done),
    );
  }

  /** Unpacks a layer's blob into what the mounts show. @returns the digest of the layer's tar, its diffID. */
  async apply(layer: Descriptor, mounts: readonly Mount[]): Promise<Digest> {
    const { applied } = await call<{ applied: Descriptor | undefined }>((done) =>
      this.#diff.apply({ diff: layer, mounts: [...mounts] }, this.#metadata, done),
    );
    return applied?.digest ?? "";
  }

  /** @returns the mounts that show the new snapshot, which is empty but for its parents. */
  async prepare(key: string, parent: string): Promise<readonly Mount[]> {
    const request = { snapshotter, key, parent, labels: {} };
    const { mounts } = await call<{ mounts: Mount[] }>((done) =>
      this.#snapshots.prepare(request, this.#metadata, done),
    );
    return mounts;
  }

  async commit(name: string, key: string): Promise<void> {
    const request = { snapshotter, name, key, labels: {} };
    await call((done) => this.#snapshots.commit(request, this.#metadata, done));
  }

  async snapshots(): Promise<readonly Info[]> {
    const stream: ClientReadableStream<{ info: Info[] }> = this.#snapshots.list(
      { snapshotter },
      this.#metadata,
    );
    const all: Info[] = [];
    for await (const { info } of stream) all.push(...(info as Info[]));
    return all;
  }

  /** Sets what a name stands for, whatever it stood for before. */
  async setImage(name: string, target: Descriptor, labels: Labels): Promise<void> {
    const image = { name, target, labels: { ...labels } };
    try {
      await call((done) => this.#images.create({ image }, this.#metadata, done));
    } catch (error) {
      if (!isAlready(error)) throw error;
      await call((done) => this.#images.update({ image }, this.#metadata, done));
    }
  }
}

/** The containerd's version; undefined while it does not answer. */
export async function versionOf(socket: string): Promise<string | undefined> {
  const client = new VersionClient(`unix:${socket}`, credentials.createInsecure());
  try {
    return (await call<{ version: string }>((done) => client.version({}, done))).version;
  } catch {
    return undefined;
  } finally {
    client.close();
  }
}

interface Blob {
  readonly digest: Digest;
  readonly size: number;
  readonly labels: Labels;
}

type WriteStream = ClientDuplexStream<WriteContentRequest, WriteContentResponse>;

/** The answers of `Write` come one by one, each to one request. */
async function writeBlob(stream: WriteStream, blob: Blob, data: () => AsyncIterable<Buffer>): Promise<void> {
  const answers = (stream as AsyncIterable<WriteContentResponse>)[Symbol.asyncIterator]();
  const ask = async (request: Parameters<typeof WriteContentRequest.fromPartial>[0]): Promise<number> => {
    stream.write(WriteContentRequest.fromPartial(request));
    const { value, done } = await answers.next();
    if (done) throw new Error(`containerd broke off the writing of ${blob.digest}`);
    return (value as WriteContentResponse).offset;
  };
  const { digest: expected, size: total, labels } = blob;
  // A blob whose file is there already is only entered into the namespace, and its offset is its end.
  let offset = await ask({ action: WriteAction.STAT, ref: `larder-${expected}`, total, expected });
  if (offset < total) {
    for await (const chunk of data()) {
      for (let start = 0; start < chunk.length; start += pieceBytes) {
        const piece = chunk.subarray(start, start + pieceBytes);
        offset = await ask({ action: WriteAction.WRITE, data: piece, offset, total, expected });
      }
    }
  }
  await ask({ action: WriteAction.COMMIT, offset, total, expected, labels: { ...labels } });
  stream.end();
}

function call<Response>(start: (done: Done<Response>) => unknown): Promise<Response> {
  return new Promise((resolve, reject) => {
    start((error, response) => (error ? reject(explain(error)) : resolve(response)));
  });
}

/** containerd's own words, without the code's name before them. */
function explain(error: ServiceError): Error {
  return Object.assign(new Error(error.details, { cause: error }), { code: error.code });
}

/** A blob may have come from several repositories of a registry: their names stand with commas between. */
export function withSources(present: Labels, added: Labels): Labels {
  const join = (name: string, value: string): string => {
    const known = present[name]?.split(",") ?? [];
    return name.startsWith(sourceLabelPrefix) ? [...new Set([...known, value])].sort().join(",") : value;
  };
  return Object.fromEntries(Object.entries(added).map(([name, value]) => [name, join(name, value)]));
}

function isAlready(error: unknown): boolean {
  return (error as { code?: number }).code === status.ALREADY_EXISTS;
}

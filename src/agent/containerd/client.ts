/** The services of a containerd that stock needs, as promises. Other parts of the agent do not use grpc-js. */
import { type ClientReadableStream, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ContentClient } from "../../gen/containerd/content.js";
import { DiffClient } from "../../gen/containerd/diff.js";
import { ImagesClient } from "../../gen/containerd/images.js";
import { LeasesClient } from "../../gen/containerd/leases.js";
import { type Info, SnapshotsClient } from "../../gen/containerd/snapshots.js";
import type { Descriptor, Mount } from "../../gen/containerd/types.js";
import { VersionClient } from "../../gen/containerd/version.js";
import type { DiffId, Digest } from "../../image/digest.js";
import { snapshotter } from "../../stores/containerd/describe.js";
import { type Labels, withSources } from "../../stores/containerd/labels.js";
import { type Blob, writeBlob } from "./write-blob.js";

type Done<Response> = (error: ServiceError | null, response: Response) => void;

/**
 * One namespace of a containerd, over the daemon's Unix socket. A namespace exists as soon as it holds something. The
 * lease, which the caller must create, protects new content.
 */
export class Containerd {
  readonly #lease: string;
  readonly #metadata = new Metadata();
  readonly #content: ContentClient;
  readonly #diff: DiffClient;
  readonly #images: ImagesClient;
  readonly #leases: LeasesClient;
  readonly #snapshots: SnapshotsClient;

  constructor(socket: string, namespace: string, lease: string) {
    this.#metadata.set("containerd-namespace", namespace);
    this.#metadata.set("containerd-lease", lease);
    this.#lease = lease;
    const options = { "grpc.max_receive_message_length": 16 << 20, "grpc.default_authority": "localhost" };
    const connection = [`unix:${socket}`, credentials.createInsecure(), options] as const;
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

  async createLease(): Promise<void> {
    await call((done) => this.#leases.create({ id: this.#lease }, this.#metadata, done));
  }

  /** Returns after the garbage collection that follows. */
  async deleteLease(): Promise<void> {
    await call((done) => this.#leases.delete({ id: this.#lease, sync: true }, this.#metadata, done));
  }

  /**
   * Puts a blob into the content store, and adds these labels to those that it has.
   * @param data Called only if the store does not have the bytes yet.
   */
  async write(blob: Blob, data: () => AsyncIterable<Buffer>): Promise<void> {
    try {
      await writeBlob(this.#content.write(this.#metadata), blob, data);
    } catch (error) {
      if (!isAlready(error)) throw error;
      await this.#addLabels(blob.digest, blob.labels);
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

  /** Unpacks a layer's blob into the file system of the mounts. @returns the digest of the layer's tar, its diffID. */
  async apply(layer: Descriptor, mounts: readonly Mount[]): Promise<DiffId> {
    const { applied } = await call<{ applied: Descriptor | undefined }>((done) =>
      this.#diff.apply({ diff: layer, mounts: [...mounts] }, this.#metadata, done),
    );
    return applied?.digest ?? "";
  }

  /** @returns the mounts of the new snapshot, which has nothing but its parents' content. */
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

  /** Points a name to an image, even if it pointed to another one. */
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

/** The version of containerd; undefined while it does not answer. */
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

function call<Response>(start: (done: Done<Response>) => unknown): Promise<Response> {
  return new Promise((resolve, reject) => {
    start((error, response) => (error ? reject(explain(error)) : resolve(response)));
  });
}

/** containerd's own message, without the name of the code before it. */
function explain(error: ServiceError): Error {
  return Object.assign(new Error(error.details, { cause: error }), { code: error.code });
}

function isAlready(error: unknown): boolean {
  return (error as { code?: number }).code === status.ALREADY_EXISTS;
}

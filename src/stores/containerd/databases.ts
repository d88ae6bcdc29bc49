/** The two databases of a containerd that holds a model's images, as the daemon writes them (containerd 1.6 to 2.4). */
import type { Usage } from "../../files/usage.js";
import type { DiffId } from "../../image/digest.js";
import { Bucket, formatBolt } from "./bolt.js";
import { snapshotter } from "./describe.js";
import type { Labels } from "./labels.js";
import { type CatalogSnapshot, type ContainerdModel, snapshotsByName } from "./model.js";
import type { databases } from "./tree.js";

/**
 * The minor version of the schema `v1`. It is that of containerd 1.6 and 1.7: a later daemon migrates the database when
 * it starts, and an earlier one takes it as it is (core/metadata/db.go, `Init`).
 */
const schemaVersion = 3;
/** core/snapshots/snapshotter.go, `KindCommitted`. */
const committed = Buffer.from([3]);
/** The directory in which attach makes the whiteouts was empty when it was committed. */
const emptyDirectory: Usage = { bytes: 4096, inodes: 1 };

/**
 * The bytes of both databases: no lease, no container, and one time for all.
 *
 * @param usage of the layers that the model's snapshots hold
 */
export function formatDatabases(
  model: ContainerdModel,
  usage: (diffId: DiffId) => Usage,
  created: Date,
): Readonly<Record<keyof typeof databases, Buffer>> {
  const names = backendNames(model);
  const times = new Times(created);
  return {
    "meta.db": formatBolt(metadataStore(model, names, times)),
    "metadata.db": formatBolt(snapshotStore(model, names, times, usage)),
  };
}

/** Schema: core/metadata/buckets.go. */
function metadataStore(
  model: ContainerdModel,
  names: ReadonlyMap<CatalogSnapshot, string>,
  times: Times,
): Bucket {
  const root = new Bucket();
  const schema = root.bucket("v1").put("version", varint(schemaVersion));
  for (const { namespace, name, labels, target } of model.images) {
    const image = schema.bucket(namespace).bucket("images").bucket(name);
    putLabels(times.put(image), labels);
    image
      .bucket("target")
      .put("digest", target.digest)
      .put("mediatype", target.mediaType)
      .put("size", varint(target.size));
  }
  for (const { namespace, digest, size, labels } of model.blobs) {
    const blob = schema.bucket(namespace).bucket("content").bucket("blob").bucket(digest);
    putLabels(times.put(blob).put("size", varint(size)), labels);
  }
  for (const snapshot of model.snapshots) {
    const { namespace, name, parent } = snapshot;
    const all = schema.bucket(namespace).bucket("snapshots").bucket(snapshotter);
    // One number for `prepare`, one for `commit`.
    all.sequence += 2;
    const bucket = times.put(all.bucket(name)).put("name", names.get(snapshot) ?? "");
    if (parent === null) continue;
    bucket.put("parent", parent);
    all.bucket(parent).bucket("children").put(name, "");
  }
  return root;
}

/** Schema: core/snapshots/storage/bolt.go. */
function snapshotStore(
  model: ContainerdModel,
  names: ReadonlyMap<CatalogSnapshot, string>,
  times: Times,
  usage: (diffId: DiffId) => Usage,
): Bucket {
  const root = new Bucket();
  if (model.snapshots.length === 0) return root;
  const schema = root.bucket("v1");
  const [all, parents] = [schema.bucket("snapshots"), schema.bucket("parents")];
  const known = new Map<string, ReadonlyMap<string, CatalogSnapshot>>();
  for (const snapshot of model.snapshots) {
    const { namespace, id, parent, holds, diffId } = snapshot;
    const siblings = known.get(namespace) ?? snapshotsByName(model, namespace);
    known.set(namespace, siblings);
    const { bytes, inodes } = holds === "whiteouts" ? emptyDirectory : usage(diffId);
    const name = names.get(snapshot) ?? "";
    const bucket = times
      .put(all.bucket(name))
      .put("id", uvarint(id))
      .put("kind", committed)
      .put("inodes", varint(inodes))
      .put("size", varint(bytes));
    all.sequence = Math.max(all.sequence, id);
    if (parent === null) continue;
    const below = siblings.get(parent);
    if (!below) throw new Error(`the snapshot ${snapshot.name} has no parent ${parent}`);
    bucket.put("parent", names.get(below) ?? "");
    parents.put(Buffer.concat([uvarint(below.id), Buffer.from([0]), uvarint(id)]), name);
  }
  return root;
}

/** Names for the snapshotter, which knows no namespaces: core/metadata/snapshot.go, `createKey`. */
function backendNames({ snapshots }: ContainerdModel): Map<CatalogSnapshot, string> {
  const sequences = new Map<string, number>();
  return new Map(
    snapshots.map((snapshot) => {
      const { namespace, name } = snapshot;
      const sequence = (sequences.get(namespace) ?? 0) + 2;
      sequences.set(namespace, sequence);
      return [snapshot, `${namespace}/${sequence}/${name}`];
    }),
  );
}

/** core/metadata/boltutil/helpers.go: no bucket if there is no label, and no label without a value. */
function putLabels(bucket: Bucket, labels: Labels): void {
  for (const [name, value] of Object.entries(labels)) {
    const present = bucket.bucket("labels");
    if (value !== "") present.put(name, value);
  }
}

class Times {
  readonly #binary: Buffer;

  /** As Go's `time.MarshalBinary`: a version, seconds since the year 1, nanoseconds, and -1 for UTC. */
  constructor(time: Date) {
    const milliseconds = BigInt(time.getTime());
    const part = ((milliseconds % 1000n) + 1000n) % 1000n;
    this.#binary = Buffer.alloc(15, 1);
    this.#binary.writeBigInt64BE((milliseconds - part) / 1000n + 62_135_596_800n, 1);
    this.#binary.writeUInt32BE(Number(part) * 1_000_000, 9);
    this.#binary.writeInt16BE(-1, 13);
  }

  put(bucket: Bucket): Bucket {
    return bucket.put("createdat", this.#binary).put("updatedat", this.#binary);
  }
}

/** Go's `binary.PutUvarint`. */
function uvarint(number: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(number);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

/** Go's `binary.PutVarint` of a number that is not negative. */
function varint(number: number): Buffer {
  return uvarint(BigInt(number) * 2n);
}

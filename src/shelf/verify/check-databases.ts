import { snapshotter } from "../../stores/containerd/describe.js";
import type { ContainerdModel } from "../../stores/containerd/model.js";
import { type BoltTree, readBolt } from "../../stores/containerd/read-bolt.js";
import type { CatalogCheck } from "./catalog-check.js";

/** What containerd knows, by names: `image moby docker.io/library/redis:7` is a text with all facts. */
type Facts = Map<string, string>;

/**
 * Compares containerd's databases with the model. They may be Larder's or the daemon's own: numbers that the daemon
 * draws, and times, do not count.
 * @param folder of the catalog, in the system image.
 */
export function checkDatabases(
  model: ContainerdModel,
  folder: string,
  { contents, findings }: CatalogCheck,
): void {
  const expected = factsOfModel(model);
  const names = ["meta.db", "metadata.db"] as const;
  const trees = names.map((name) => {
    const path = `${folder}/${name}`;
    const file = contents.files.get(path);
    try {
      return file?.content && readBolt(file.content);
    } catch (error) {
      findings.fault({ outer: file?.outer, path: `/${path}` }, `cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  });
  const [meta, metadata] = trees;
  if (!meta || !metadata) return;
  const found = factsOfDatabases(meta, metadata);
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const [is, should] = [found.get(key), expected.get(key)];
    if (is === should) continue;
    const name = key.startsWith("directory ") ? "metadata.db" : "meta.db";
    const path = `${folder}/${name}`;
    const what =
      should === undefined ? `${is}, should not be there` : `${is ?? "missing"}, should be ${should}`;
    findings.fault({ outer: contents.files.get(path)?.outer, path: `/${path}` }, `${key} is ${what}`);
  }
}

function factsOfModel({ images, blobs, snapshots }: ContainerdModel): Facts {
  const facts: Facts = new Map();
  for (const { namespace, name, target, labels } of images) {
    facts.set(`image ${namespace} ${name}`, describeImage(target, Object.entries(labels)));
  }
  for (const { namespace, digest, size, labels } of blobs) {
    facts.set(`blob ${namespace} ${digest}`, describeBlob(size, Object.entries(labels)));
  }
  for (const { namespace, name, parent, id } of snapshots) {
    facts.set(`snapshot ${namespace} ${name}`, `on ${parent ?? "nothing"}`);
    facts.set(`directory ${namespace} ${name}`, `${id} on ${parent ?? "nothing"}`);
  }
  return facts;
}

/** Schemas: core/metadata/buckets.go and core/snapshots/storage/bolt.go of containerd. */
function factsOfDatabases(meta: BoltTree, metadata: BoltTree): Facts {
  const facts: Facts = new Map();
  /** Names of snapshots by those that the snapshotter has for them. */
  const names = new Map<string, string>();
  for (const [namespace, bucket] of bucketsOf(meta.get("v1"))) {
    for (const [name, image] of bucketsOf(bucket.get("images"))) {
      const target = bucketOf(image.get("target"));
      const [digest, mediaType] = [text(target.get("digest")), text(target.get("mediatype"))];
      const described = { digest, mediaType, size: varint(target.get("size")) };
      facts.set(`image ${namespace} ${name}`, describeImage(described, labelsOf(image)));
    }
    for (const [digest, blob] of bucketsOf(bucketOf(bucket.get("content")).get("blob"))) {
      facts.set(`blob ${namespace} ${digest}`, describeBlob(varint(blob.get("size")), labelsOf(blob)));
    }
    for (const [name, snapshot] of bucketsOf(bucketOf(bucket.get("snapshots")).get(snapshotter))) {
      facts.set(`snapshot ${namespace} ${name}`, `on ${text(snapshot.get("parent")) || "nothing"}`);
      names.set(text(snapshot.get("name")), `${namespace} ${name}`);
    }
    for (const kind of ["containers", "leases"]) {
      for (const [name] of bucketsOf(bucket.get(kind)))
        facts.set(`${kind.slice(0, -1)} ${namespace} ${name}`, "there");
    }
  }
  for (const [name, snapshot] of bucketsOf(bucketOf(metadata.get("v1")).get("snapshots"))) {
    const parent = text(snapshot.get("parent"));
    const [, below = parent] = names.get(parent)?.split(" ") ?? [];
    facts.set(
      `directory ${names.get(name) ?? name}`,
      `${uvarint(snapshot.get("id"))} on ${below || "nothing"}`,
    );
  }
  return facts;
}

type Labels = readonly (readonly [name: string, value: string])[];

function describeImage(
  { digest, mediaType, size }: { digest: string; mediaType: string; size: number },
  labels: Labels,
): string {
  return `${digest} ${mediaType} ${size}${describeLabels(labels)}`;
}

function describeBlob(size: number, labels: Labels): string {
  return `${size} bytes${describeLabels(labels)}`;
}

/** containerd keeps no label without a value. */
function describeLabels(labels: Labels): string {
  const present = labels.filter(([, value]) => value !== "").map(([name, value]) => ` ${name}=${value}`);
  return present.sort().join("");
}

type Value = string | BoltTree | undefined;

function bucketOf(value: Value): BoltTree {
  return value instanceof Map ? value : new Map();
}

function bucketsOf(value: Value): [string, BoltTree][] {
  return [...bucketOf(value)].map(([key, below]) => [utf8(key), bucketOf(below)]);
}

function labelsOf(bucket: BoltTree): Labels {
  return [...bucketOf(bucket.get("labels"))].map(([name, value]) => [utf8(name), text(value)]);
}

function text(value: Value): string {
  return typeof value === "string" ? utf8(value) : "";
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** Go's `binary.Uvarint`. */
function uvarint(value: Value): number {
  let number = 0n;
  for (const [index, byte] of [...Buffer.from(typeof value === "string" ? value : "", "latin1")].entries()) {
    number |= BigInt(byte & 0x7f) << BigInt(7 * index);
  }
  return Number(number);
}

/** Go's `binary.Varint`, of a number that is not negative. */
function varint(value: Value): number {
  return Math.floor(uvarint(value) / 2);
}

/** Inner images of generated files. They are made and pushed without an engine. */
import { createCipheriv, createHash, randomUUID } from "node:crypto";
import { createWriteStream, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { endOfTar, formatHeader, padding } from "../src/agent/pack/tar-header.js";
import { ownArchitecture } from "../src/image/platform.js";
import { output } from "../test/harness/command.js";
import { lab, labImage } from "../test/harness/lab.js";
import { type RegistryImage, registryImage } from "../test/harness/registry-image.js";

export interface ImageShape {
  /** Of unpacked files. */
  readonly megabytes: number;
  readonly files: keyof typeof bytesOf;
  readonly layers: number;
  /** Images with different seeds have no layer in common. */
  readonly seed?: string;
}

const bytesOf = { tiny: 200, small: 10_000, large: 10_000_000, zeros: 10_000_000_000 } as const;
/** Small files are in directories of so many. */
const perDirectory = 100;

export function describeShape({ megabytes, files, layers }: ImageShape): string {
  return `${megabytes} MB, ${files} files, ${layers} layers`;
}

/** The same shape gives the same image. One that the registry has already is not made again. */
export async function pushGenerated(shape: ImageShape): Promise<RegistryImage> {
  const { megabytes, files, layers, seed = "a" } = shape;
  const reference = labImage(`larder-bench/generated:${megabytes}-${files}-${layers}-${seed}`);
  return registryImage(reference).catch(async () => {
    const layout = mkdtempSync(join(tmpdir(), "larder-bench-"));
    try {
      await writeLayout(layout, shape);
      const flags = ["--insecure-policy", "copy", "--dest-tls-verify=false", "--preserve-digests"];
      await output(lab.skopeo, [...flags, `oci:${layout}`, `docker://${reference}`], { timeout: 1_200_000 });
    } finally {
      rmSync(layout, { recursive: true });
    }
    return registryImage(reference);
  });
}

export const layerMediaType = "application/vnd.oci.image.layer.v1.tar+gzip";

interface Layer {
  readonly diffId: string;
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

async function writeLayout(layout: string, shape: ImageShape): Promise<void> {
  mkdirSync(join(layout, "blobs", "sha256"), { recursive: true });
  const data = shape.files === "zeros" ? Buffer.alloc(1 << 20) : content(JSON.stringify(shape));
  const layers: Layer[] = [];
  for (let k = 0; k < shape.layers; k++) layers.push(await writeLayer(layout, tarOf(shape, k, data)));
  const config = writeBlob(layout, "application/vnd.oci.image.config.v1+json", {
    architecture: ownArchitecture(),
    os: "linux",
    config: { Cmd: ["/none"] },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = writeBlob(layout, mediaType, {
    schemaVersion: 2,
    mediaType,
    config,
    layers: layers.map(({ diffId: _, ...layer }) => layer),
  });
  writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  writeFileSync(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

function writeBlob(layout: string, mediaType: string, value: object): Omit<Layer, "diffId"> {
  const data = Buffer.from(JSON.stringify(value));
  const hex = createHash("sha256").update(data).digest("hex");
  writeFileSync(join(layout, "blobs", "sha256", hex), data);
  return { mediaType, digest: `sha256:${hex}`, size: data.length };
}

async function writeLayer(layout: string, tar: Iterable<Buffer>): Promise<Layer> {
  const [plain, compressed] = [createHash("sha256"), createHash("sha256")];
  let size = 0;
  const written = join(layout, randomUUID());
  await pipeline(
    Readable.from(tar, { objectMode: true }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        plain.update(chunk);
        yield chunk;
      }
    },
    createGzip({ level: 1, chunkSize: 1 << 20 }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        compressed.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(written),
  );
  const hex = compressed.digest("hex");
  renameSync(written, join(layout, "blobs", "sha256", hex));
  const diffId = `sha256:${plain.digest("hex")}`;
  return { diffId, mediaType: layerMediaType, digest: `sha256:${hex}`, size };
}

function* tarOf({ megabytes, files, layers }: ImageShape, layer: number, data: Buffer): Iterable<Buffer> {
  const bytes = Math.round((megabytes * 1e6) / layers);
  const owner = { uid: 0n, gid: 0n, mtime: 1_700_000_000n };
  const directory = (name: string) => formatHeader({ ...owner, name, type: "directory", mode: 0o755n });
  yield directory(".");
  yield directory(`layer-${layer}`);
  for (let at = 0, n = 0; at < bytes; n++) {
    const size = Math.min(bytesOf[files], bytes - at);
    const folder = `layer-${layer}/${Math.floor(n / perDirectory)}`;
    if (n % perDirectory === 0) yield directory(folder);
    yield formatHeader({
      ...owner,
      name: `${folder}/${n}`,
      type: "file",
      mode: 0o644n,
      size: BigInt(size),
    });
    yield* slices(data, layer * bytes + at, size);
    yield padding(BigInt(size));
    at += size;
  }
  yield endOfTar;
}

/** @param from in data that is repeated without end. */
function* slices(data: Buffer, from: number, size: number): Iterable<Buffer> {
  for (let at = from, rest = size; rest > 0; ) {
    const slice = data.subarray(at % data.length, (at % data.length) + rest);
    yield slice;
    at += slice.length;
    rest -= slice.length;
  }
}

/** Blocks of random bytes and of words, so that gzip makes a little less than half of it, as of a usual image. */
function content(seed: string): Buffer {
  const key = createHash("sha256").update(seed).digest();
  const cipher = createCipheriv("aes-128-ctr", key.subarray(0, 16), key.subarray(16));
  const random = (bytes: number): Buffer => cipher.update(Buffer.alloc(bytes));
  const words = Array.from({ length: 2048 }, (_, k) => random(2 + (k % 5)).toString("hex"));
  const blocks = Array.from({ length: contentBlocks }, () => {
    const bytes = random(1024);
    const chosen = Array.from({ length: 512 }, (_, i) => words[bytes.readUInt16LE(2 * i) % words.length]);
    return Buffer.concat([random(1024), Buffer.from(`${chosen.join(" ")}\n`)]);
  });
  return Buffer.concat(blocks);
}

/** Some 5 kB each. */
const contentBlocks = 1600;

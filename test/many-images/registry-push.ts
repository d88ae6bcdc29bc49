/**
 * Pushes images of small layers to a registry: `registry-push.ts <registry> <repository> < images.json`. It runs in the
 * registry's network and builds nothing, so hundreds of images take seconds.
 */
import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import type { SmallImage } from "./small-images.js";

const [registry = "", repository = ""] = process.argv.slice(2);
const base = `http://${registry}/v2/${repository}`;
const imageType = "application/vnd.oci.image.manifest.v1+json";

interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Layer extends Described {
  readonly diffId: string;
}

const digestOf = (data: Buffer): string => `sha256:${createHash("sha256").update(data).digest("hex")}`;

async function request(method: string, url: string, body?: Buffer, type?: string): Promise<Response> {
  const headers = type ? { "content-type": type } : undefined;
  const response = await fetch(url, {
    method,
    ...(body && { body: new Uint8Array(body) }),
    ...(headers && { headers }),
  });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
  return response;
}

async function pushBlob(data: Buffer, mediaType: string): Promise<Described> {
  const digest = digestOf(data);
  const location = (await request("POST", `${base}/blobs/uploads/`)).headers.get("location") ?? "";
  const url = new URL(location, base);
  url.searchParams.set("digest", digest);
  await request("PUT", url.href, data, "application/octet-stream");
  return { mediaType, digest, size: data.length };
}

async function pushLayer(paths: readonly string[]): Promise<Layer> {
  const tar = pack();
  for (const name of paths) {
    const type = name.endsWith("/") ? "directory" : "file";
    tar.entry({ name, type, mtime: new Date(0) }, type === "file" ? `${name}\n` : "");
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  const data = Buffer.concat(chunks);
  const pushed = await pushBlob(gzipSync(data), "application/vnd.oci.image.layer.v1.tar+gzip");
  return { ...pushed, diffId: digestOf(data) };
}

interface Base {
  readonly layers: readonly Layer[];
  readonly config: object;
}

/** Layers of an image in the registry that others are to share. */
async function mountBase(name: string): Promise<Base> {
  const [from = "", tag = ""] = name.split(":");
  const accept = `${imageType}, application/vnd.docker.distribution.manifest.v2+json`;
  const get = async (path: string) =>
    (await fetch(`http://${registry}/v2/${from}/${path}`, { headers: { accept } })).json();
  const manifest = (await get(`manifests/${tag}`)) as { config: Described; layers: Described[] };
  const { config, rootfs } = (await get(`blobs/${manifest.config.digest}`)) as {
    config: object;
    rootfs: { diff_ids: string[] };
  };
  for (const { digest } of manifest.layers) {
    await request("POST", `${base}/blobs/uploads/?mount=${digest}&from=${from}`);
  }
  const layers = manifest.layers.map((layer, index) => ({ ...layer, diffId: rootfs.diff_ids[index] ?? "" }));
  return { layers, config };
}

const layers = new Map<string, Layer>();

async function pushImage({ tag, base: baseName, layers: added }: SmallImage): Promise<void> {
  const own: Layer[] = [];
  for (const paths of added) {
    const key = paths.join("\n");
    const layer = layers.get(key) ?? (await pushLayer(paths));
    layers.set(key, layer);
    own.push(layer);
  }
  const below = baseName ? await mountBase(baseName) : { layers: [], config: { Cmd: ["/none"] } };
  const all = [...below.layers, ...own];
  const config = {
    architecture: "amd64",
    os: "linux",
    config: below.config,
    rootfs: { type: "layers", diff_ids: all.map(({ diffId }) => diffId) },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: imageType,
    config: await pushBlob(Buffer.from(JSON.stringify(config)), "application/vnd.oci.image.config.v1+json"),
    layers: all.map(({ diffId: _, ...described }) => described),
  };
  await request("PUT", `${base}/manifests/${tag}`, Buffer.from(JSON.stringify(manifest)), imageType);
}

const images = JSON.parse(await text(process.stdin)) as SmallImage[];
for (const image of images) await pushImage(image);

/** Content of registries other than working images. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack as tarPack } from "tar-stream";
import { output } from "../harness/command.js";
import { lab, labImage } from "../harness/lab.js";

interface Blob {
  readonly mediaType: string;
  readonly content: string | Buffer;
}

const oci = "application/vnd.oci.image";
const tarLayer = (content: Buffer): Blob => ({
  mediaType: `${oci}.layer.v1.tar+gzip`,
  content: gzipSync(content),
});

/** An image for this platform with one layer. @param diffId in its config. */
function image(content: Buffer, diffId = digestOf(content)): { config: Blob; layers: Blob[] } {
  const rootfs = { type: "layers", diff_ids: [diffId] };
  const config = JSON.stringify({ os: "linux", architecture: "amd64", config: {}, rootfs });
  return { config: { mediaType: `${oci}.config.v1+json`, content: config }, layers: [tarLayer(content)] };
}

const emptyTar = Buffer.alloc(1024);
const odd = {
  chart: {
    config: {
      mediaType: "application/vnd.cncf.helm.config.v1+json",
      content: '{"name":"chart","version":"1.0.0"}',
    },
    layers: [
      { mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip", content: gzipSync(emptyTar) },
    ],
  },
  artifact: {
    config: { mediaType: "application/vnd.oci.empty.v1+json", content: "{}" },
    layers: [{ mediaType: "text/plain", content: "hello" }],
  },
  "no-tar": image(Buffer.from("no tar at all, and long enough for a header of one".repeat(20))),
  "another-layer": image(emptyTar, digestOf("something else")),
} as const;

export type OddImage = keyof typeof odd;

/** Pushes the image, and returns its name. */
export function pushOdd(name: OddImage): Promise<string> {
  return push(`errors-${name}`, odd[name], ["--preserve-digests"]);
}

/**
 * Pushes an image that no builder has. Its manifest has Docker's form: a registry gives it to a client that names no
 * media type, too.
 */
export async function pushUnknown(): Promise<string> {
  const pack = tarPack();
  pack.entry({ name: "random" }, randomBytes(200_000));
  pack.finalize();
  return push(`unknown-${randomUUID()}`, image(await buffer(pack)), ["--format", "v2s2"]);
}

async function push(
  name: string,
  { config, layers }: { config: Blob; layers: readonly Blob[] },
  flags: readonly string[],
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "larder-odd-"));
  const describe = ({ mediaType, content }: Blob) => {
    const digest = digestOf(content);
    writeFileSync(join(folder, digest.slice("sha256:".length)), content);
    return { mediaType, digest, size: Buffer.byteLength(content) };
  };
  try {
    const manifest = {
      schemaVersion: 2,
      mediaType: `${oci}.manifest.v1+json`,
      config: describe(config),
      layers: layers.map(describe),
    };
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
    writeFileSync(join(folder, "version"), "Directory Transport Version: 1.1\n");
    const reference = labImage(`e2e/${name}:1`);
    const copy = ["--insecure-policy", "copy", "--dest-tls-verify=false", ...flags];
    await output(lab.skopeo, [...copy, `dir:${folder}`, `docker://${reference}`]);
    return reference;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function digestOf(content: string | Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

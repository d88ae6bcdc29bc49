/** Content of registries other than working images. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
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
export async function pushOdd(name: OddImage): Promise<string> {
  const { config, layers } = odd[name];
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
    const reference = labImage(`e2e/errors-${name}:1`);
    const flags = ["--insecure-policy", "copy", "--dest-tls-verify=false", "--preserve-digests"];
    await output(lab.skopeo, [...flags, `dir:${folder}`, `docker://${reference}`]);
    return reference;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function digestOf(content: string | Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

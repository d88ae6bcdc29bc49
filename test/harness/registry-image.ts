import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { build } from "./build.js";
import { output } from "./command.js";
import { lab, labImage } from "./lab.js";

/** An image in the lab's registry. */
export interface RegistryImage {
  /** `<registry>/<name>:<tag>` */
  readonly reference: string;
  /** Digest of the manifest or, for several platforms, of the index. */
  readonly digest: string;
  /** Digest of the manifest for linux/amd64. */
  readonly manifestDigest: string;
  /** Digest of the config. */
  readonly imageId: string;
  /** Digests of its compressed layers, bottom layer first. */
  readonly blobs: readonly string[];
  /** Sizes of the blobs in bytes. */
  readonly sizes: readonly number[];
  readonly diffIds: readonly string[];
  readonly history: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
  readonly labels: Readonly<Record<string, string>>;
}

export async function registryImage(reference: string): Promise<RegistryImage> {
  const inspect = (...flags: string[]) =>
    output(lab.skopeo, ["inspect", "--tls-verify=false", "--raw", ...flags, `docker://${reference}`]);
  const [raw, rawConfig] = await Promise.all([inspect(), inspect("--config")]);
  const digest = `sha256:${createHash("sha256").update(raw).digest("hex")}`;
  const manifest = JSON.parse(raw);
  if (manifest.manifests) {
    const isWanted = ({ platform }: { platform?: { os: string; architecture: string } }) =>
      platform?.os === "linux" && platform.architecture === "amd64";
    const name = reference.replace(/(:[^:/]+)?(@.*)?$/, "");
    const own = await registryImage(`${name}@${manifest.manifests.find(isWanted).digest}`);
    return { ...own, reference, digest };
  }
  const config = JSON.parse(rawConfig);
  return {
    reference,
    digest,
    manifestDigest: digest,
    imageId: manifest.config.digest,
    blobs: manifest.layers.map((layer: { digest: string }) => layer.digest),
    sizes: manifest.layers.map((layer: { size: number }) => layer.size),
    diffIds: config.rootfs.diff_ids,
    history: config.history,
    labels: config.config.Labels ?? {},
  };
}

/**
 * Builds a Dockerfile with upstream and pushes the image as `<registry>/e2e/<name>:1`. The Dockerfile has no context,
 * but the build argument REGISTRY.
 */
export async function pushInnerImage(
  name: string,
  dockerfile: URL,
  args: readonly string[] = [],
): Promise<RegistryImage> {
  const tag = labImage(`e2e/${name}:1`);
  await build({
    larder: false,
    allowInsecure: false,
    dockerfile: readFileSync(dockerfile, "utf8"),
    tag,
    args: ["--push", "--build-arg", `REGISTRY=${lab.registry}`, ...args],
  });
  return registryImage(tag);
}

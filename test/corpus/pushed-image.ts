/** Images in the registry: one, or several for several platforms. */
import { type Descriptor, readManifest } from "../harness/attestations.js";
import { output } from "../harness/command.js";
import { lab } from "../harness/lab.js";

export interface PushedImage {
  readonly config: ImageConfig;
  /** Digests of the compressed layers. */
  readonly layers: readonly string[];
}

export interface ImageConfig {
  readonly created?: string;
  readonly config: { readonly Labels?: Readonly<Record<string, string>>; readonly OnBuild?: string[] };
  readonly history: readonly {
    readonly created_by?: string;
    readonly comment?: string;
    readonly empty_layer?: boolean;
  }[];
  readonly rootfs: { readonly diff_ids: readonly string[] | null };
}

/**
 * The descriptors of an index's images, without attestations.
 * @param reference with the digest of a manifest or an index.
 */
export async function describePushed(reference: string): Promise<Descriptor[]> {
  const { manifests } = await readManifest(reference);
  if (!manifests) return [{ digest: reference.replace(/.*@/, "") }];
  return manifests.filter(({ annotations }) => !annotations?.["vnd.docker.reference.type"]);
}

/** @param reference with the digest of a manifest or an index. */
export async function readPushed(reference: string): Promise<PushedImage[]> {
  const images = await describePushed(reference);
  return Promise.all(images.map(({ digest }) => readImage(reference.replace(/@.*/, `@${digest}`))));
}

async function readImage(reference: string): Promise<PushedImage> {
  const [{ layers }, config] = await Promise.all([readManifest(reference), readConfig(reference)]);
  return { config, layers: (layers ?? []).map(({ digest }) => digest) };
}

async function readConfig(reference: string): Promise<ImageConfig> {
  const fixed = ["inspect", "--tls-verify=false", "--raw", "--config"];
  return JSON.parse(await output(lab.skopeo, [...fixed, `docker://${reference}`]));
}

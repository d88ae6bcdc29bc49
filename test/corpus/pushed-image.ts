/** Images as the registry has them, one or several for several platforms. */
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

/** @param reference with the digest of a manifest or an index. */
export async function readPushed(reference: string): Promise<PushedImage[]> {
  const { manifests, layers } = JSON.parse(await inspect(reference));
  if (manifests) {
    const name = reference.replace(/@.*/, "");
    const digests = manifests.map(({ digest }: { digest: string }) => digest);
    const images = digests.map((digest: string) => readPushed(`${name}@${digest}`));
    return (await Promise.all(images)).flat();
  }
  const config: ImageConfig = JSON.parse(await inspect(reference, "--config"));
  // An image from scratch may have none.
  return [{ config, layers: (layers ?? []).map(({ digest }: { digest: string }) => digest) }];
}

function inspect(reference: string, ...flags: string[]): Promise<string> {
  const fixed = ["inspect", "--tls-verify=false", "--raw"];
  return output(lab.skopeo, [...fixed, ...flags, `docker://${reference}`]);
}

import { createHash } from "node:crypto";

export type Digest = string;

export function isDigest(value: unknown): value is Digest {
  return typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);
}

/** The hex digits of `sha256:<hex>`. @throws Error for any other digest. */
export function hexOf(digest: Digest): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined) throw new Error(`"${digest}" is not a sha256 digest`);
  return hex;
}

/** A layer on top of certain others: what Docker and containerd name an unpacked layer by. */
export interface ChainLink {
  readonly chainId: Digest;
  readonly diffId: Digest;
  /** Chain ID of the layers below; absent for the bottom layer. */
  readonly parent?: Digest;
}

/** The chain of an image, bottom layer first (identity.ChainID of the OCI image spec). */
export function chainOf(diffIds: readonly Digest[]): ChainLink[] {
  const chain: ChainLink[] = [];
  let parent: Digest | undefined;
  for (const diffId of diffIds) {
    const chainId = parent === undefined ? diffId : `sha256:${sha256(`${parent} ${diffId}`)}`;
    chain.push({ chainId, diffId, ...(parent !== undefined && { parent }) });
    parent = chainId;
  }
  return chain;
}

/** Hex digits of the SHA-256 of some bytes. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

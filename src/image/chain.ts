import { type ChainId, type DiffId, sha256 } from "./digest.js";

/** A layer on top of the layers below it: Docker and containerd name an unpacked layer by its chain ID. */
export interface ChainLink {
  readonly chainId: ChainId;
  readonly diffId: DiffId;
  /** Chain ID of the layers below. The bottom layer has none. */
  readonly parent?: ChainId;
}

/** The chain of an image, bottom layer first (identity.ChainID of the OCI image spec). */
export function chainOf(diffIds: readonly DiffId[]): ChainLink[] {
  const chain: ChainLink[] = [];
  let parent: ChainId | undefined;
  for (const diffId of diffIds) {
    const chainId = chainIdOf(diffId, parent);
    chain.push({ chainId, diffId, ...(parent !== undefined && { parent }) });
    parent = chainId;
  }
  return chain;
}

/** @param parent Chain ID of the layers below. The chain ID of a bottom layer is its diffID. */
export function chainIdOf(diffId: DiffId, parent: ChainId | undefined): ChainId {
  return parent === undefined ? String(diffId) : `sha256:${sha256(`${parent} ${diffId}`)}`;
}

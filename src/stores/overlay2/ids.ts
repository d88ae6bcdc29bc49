import { createHash } from "node:crypto";
import { type ChainId, hexOf } from "../../image/digest.js";

/**
 * The directory of a layer below `overlay2/`. Docker uses 64 random hex digits but accepts any name. Half of the chain
 * ID keeps the symbolic link `l/<link>` -> `../<cache id>/diff` under 60 bytes, which ext4 stores in the inode. With 64
 * digits, each link would need a block of 4 KiB in every container.
 */
export function cacheIdOf(chainId: ChainId): string {
  return hexOf(chainId).slice(0, 32);
}

/** The layer's folder in the catalog. It is short for the same reason: 12 digits, checked for collisions. */
export function catalogKeyOf(chainId: ChainId): string {
  return hexOf(chainId).slice(0, 12);
}

/** @throws Error if two layers would have one folder. */
export function checkKeys(chainIds: readonly ChainId[]): void {
  const seen = new Map<string, ChainId>();
  for (const chainId of chainIds) {
    const other = seen.get(catalogKeyOf(chainId));
    if (other !== undefined)
      throw new Error(`the layers ${hexOf(other)} and ${hexOf(chainId)} have the same short name`);
    seen.set(catalogKeyOf(chainId), chainId);
  }
}

/** Name below `overlay2/l/`: 26 characters of A to Z and 2 to 7, like the daemon's own names. */
export function linkIdOf(chainId: ChainId): string {
  return base32(`layer ${chainId}`);
}

/** The same name for the layer's whiteouts. */
export function whiteoutLinkIdOf(chainId: ChainId): string {
  return base32(`whiteouts ${chainId}`);
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const idLength = 26;

function base32(text: string): string {
  const digest = createHash("sha256").update(text).digest();
  return Array.from(digest.subarray(0, idLength), (byte) => alphabet[byte % alphabet.length]).join("");
}

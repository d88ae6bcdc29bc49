// `node:crypto` is slow to load: a Dockerfile without PRELOAD would wait for it.
import { sha256 as hash } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** Each kind accepts a plain string, so literals and JSON need no cast. No kind accepts another kind. */
type Kind<Name extends string> = string & { readonly kind?: Name };

/** `sha256:<hex>` of a blob, a manifest or a config. BuildKit's vertices have such digests, too. */
export type Digest = Kind<"digest">;
/** Digest of the uncompressed tar of a layer. */
export type DiffId = Kind<"diffID">;
/** Names a layer together with the layers below it (identity.ChainID of the OCI image spec). */
export type ChainId = Kind<"chain ID">;
type AnyDigest = Digest | DiffId | ChainId;

export function isDigest(value: unknown): value is Digest {
  return typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);
}

/** The hex digits of `sha256:<hex>`. @throws Error for any other digest. */
export function hexOf(digest: AnyDigest): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined) throw new Error(`"${digest}" is not a sha256 digest`);
  return hex;
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${sha256(bytes)}`;
}

/** Hex digits of the SHA-256 of some bytes. */
export function sha256(data: string | Uint8Array): string {
  return bytesToHex(hash(typeof data === "string" ? Buffer.from(data) : data));
}

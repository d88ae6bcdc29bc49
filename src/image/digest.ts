// Not `node:crypto`, whose loading is a good part of what a Dockerfile without PRELOAD waits for.
import { sha256 as hash } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** A plain string can be any of these, so that literals and JSON need no cast; one of a kind is none of another kind. */
type Kind<Name extends string> = string & { readonly kind?: Name };

/** `sha256:<hex>`, of a blob, a manifest or a config; also of a vertex of BuildKit. */
export type Digest = Kind<"digest">;
/** Digest of a layer's tar, uncompressed. */
export type DiffId = Kind<"diffID">;
/** Names a layer on top of certain others (identity.ChainID of the OCI image spec). */
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

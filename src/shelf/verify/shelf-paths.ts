import type { ByteString } from "../../files/bytes.js";
import type { DiffId, Digest } from "../../image/digest.js";
import { shelf } from "../paths.js";

/** What a path of the outer image is to a check. */
export type ShelfPath =
  /** A file of an inner layer. Its path is that in the layer, empty for the folder. */
  | { readonly kind: "layer"; readonly diffId: DiffId; readonly path: ByteString }
  | { readonly kind: "blob"; readonly digest: Digest }
  | { readonly kind: "shelf" }
  | { readonly kind: "above" }
  /** Larder's programs and settings have such names; others may have them, too. */
  | { readonly kind: "outside" }
  | { readonly kind: "other" };

const layers = `${shelf}/layers/`;
const blobs = `${shelf}/blobs/sha256/`;
const above: readonly string[] = ["usr", "usr/lib"];
const outside =
  /(?:^|\/)(?:dockerd|containerd|k3s|rke2)$|^etc\/systemd\/system\/[^/]+\.service\.d\/larder\.conf$/;

export function classify(path: ByteString): ShelfPath {
  if (path.startsWith(`${shelf}/`)) {
    const inLayer = path.startsWith(layers)
      ? /^([0-9a-f]{64})\/fs(?:$|\/)/.exec(path.slice(layers.length))
      : null;
    if (inLayer) {
      const [start, hex] = inLayer;
      return { kind: "layer", diffId: `sha256:${hex}`, path: path.slice(layers.length + start.length) };
    }
    const hex = path.startsWith(blobs) ? path.slice(blobs.length) : "";
    return /^[0-9a-f]{64}$/.test(hex) ? { kind: "blob", digest: `sha256:${hex}` } : { kind: "shelf" };
  }
  if (path === shelf) return { kind: "shelf" };
  if (above.includes(path)) return { kind: "above" };
  return outside.test(path) ? { kind: "outside" } : { kind: "other" };
}

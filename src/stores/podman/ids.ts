import { type DiffId, hexOf, sha256 } from "../../image/digest.js";

/**
 * The ID of a layer in containers-storage, as a pull chooses it (containers/image, storage/storage_dest.go): a pull
 * looks for a layer by this ID first.
 * @param parent ID of the layer below. The bottom layer's ID is its diffID.
 */
export function layerIdOf(diffId: DiffId, parent: string | undefined): string {
  return parent === undefined ? hexOf(diffId) : sha256(`${parent}+${hexOf(diffId)}`);
}

/** The file of an image's document: a key that is no plain name is written in Base64 (storage, images.go). */
export function documentFile(key: string): string {
  return /^[\w.-]+$/.test(key) ? key : `=${Buffer.from(key).toString("base64")}`;
}

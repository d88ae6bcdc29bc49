import { digestOf } from "../../image/digest.js";
import type { Descriptor, Manifest } from "../../image/manifest.js";

/** Media types of an image's parts. */
interface MediaTypes {
  readonly manifest: string;
  readonly config: string;
  readonly layer: string;
}

const oci: MediaTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};

const docker: MediaTypes = {
  manifest: "application/vnd.docker.distribution.manifest.v2+json",
  config: "application/vnd.docker.container.image.v1+json",
  layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
};

/** The base's own layers stay unchanged, so the other parts are of their kind. */
export function mediaTypesOf(base: Manifest | undefined): MediaTypes {
  return base?.config.mediaType === docker.config ? docker : oci;
}

/** The bytes of a manifest for this config and these layers. */
export function formatManifest(types: MediaTypes, config: Buffer, layers: readonly Descriptor[]): Buffer {
  const descriptor = { mediaType: types.config, digest: digestOf(config), size: config.length };
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: types.manifest, config: descriptor, layers }),
  );
}

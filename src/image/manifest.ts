/** From what a reference means, an index or a manifest, to the manifest of one image. */

/** An OCI content descriptor, as far as it is read. */
export interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** An index or a manifest, as far as it is read. */
interface Document {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

export interface Manifest {
  readonly digest: string;
  readonly layers: readonly Descriptor[];
}

/**
 * @param top Digest of the document to begin at.
 * @param read The bytes of a document; a layout may lack those of other platforms.
 * @returns the manifest at or below it whose config is the image's.
 */
export async function findManifest(
  top: string,
  imageId: string,
  read: (digest: string) => Promise<Buffer>,
): Promise<Manifest | undefined> {
  const pending = [top];
  for (let digest = pending.shift(); digest !== undefined; digest = pending.shift()) {
    const isTop = digest === top;
    const bytes = await read(digest).catch((error: unknown) => {
      if (isTop) throw error;
      return undefined;
    });
    if (!bytes) continue;
    const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString("utf8")) as Document;
    if (config?.digest === imageId) return { digest, layers };
    pending.push(...manifests.map((descriptor) => descriptor.digest));
  }
  return undefined;
}

/** In a layout, without a slash before it. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

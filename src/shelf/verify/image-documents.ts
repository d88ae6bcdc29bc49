/** Configs, manifests and indexes of inner images, which are files of the catalogs. */
import { parseConfig, platformOf } from "../../image/config.js";
import { type DiffId, type Digest, digestOf } from "../../image/digest.js";
import { formatPlatform } from "../../image/platform.js";
import { onShelf, shelf } from "../paths.js";
import type { CatalogCheck } from "./catalog-check.js";

export interface CheckedConfig {
  readonly diffIds: readonly DiffId[];
}

/**
 * A document whose name is its digest. @returns undefined if it is not there or another one, which is a fault.
 * A missing file is a fault of the catalog's files already.
 */
export function checkDocument(
  digest: Digest,
  path: string,
  { contents, findings }: CatalogCheck,
): Buffer | undefined {
  const file = contents.files.get(path);
  if (!file?.content) return undefined;
  const found = digestOf(file.content);
  if (found === digest) return file.content;
  findings.fault({ outer: file.outer, path: `/${path}` }, `has the digest ${found}, should have ${digest}`);
  return undefined;
}

/** Checks an image's config, and what `preload.json` says of the image. */
export function checkConfig(imageId: Digest, path: string, check: CatalogCheck): CheckedConfig | undefined {
  const bytes = checkDocument(imageId, path, check);
  if (!bytes) return undefined;
  const config = parseConfig(bytes);
  const diffIds = (config.rootfs?.diff_ids ?? []).map(String);
  const { os, architecture } = platformOf(config);
  const platform = formatPlatform({ os, architecture });
  for (const image of check.images.filter((one) => one.imageId === imageId)) {
    const where = { path: `/${shelf}/${onShelf.preload}` };
    if (image.diffIds.join() !== diffIds.join()) {
      check.findings.fault(
        where,
        `gives ${imageId} the layers ${image.diffIds.join(" ")}, should be ${diffIds.join(" ")}`,
      );
    }
    const listed = formatPlatform({ os: image.platform.os, architecture: image.platform.architecture });
    if (listed !== platform)
      check.findings.fault(where, `says ${listed} of ${imageId}, should say ${platform}`);
  }
  return { diffIds };
}

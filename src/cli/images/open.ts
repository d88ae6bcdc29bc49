/** Decides which source an argument of the command line means. */
import { stat } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { parseReference } from "../../image/reference.js";
import { usageError } from "../usage-error.js";
import { openArchive } from "./archive-index.js";
import { openEngineImage } from "./engine-image.js";
import { folderFiles } from "./files.js";
import { openLayout } from "./layout.js";
import type { OpenOptions } from "./open-options.js";
import type { OuterImage } from "./outer-image.js";
import { openRegistryImage } from "./registry/image.js";

type Open = (name: string, rest: string, options: OpenOptions) => Promise<OuterImage>;

/** What users of skopeo and buildx write before a name to say where it is. */
const prefixes: Readonly<Record<string, Open>> = {
  "docker-daemon:": openInEngine,
  "docker://": openInRegistry,
  "oci-layout://": openPath,
  "oci:": openPath,
  "oci-archive:": openPath,
  "docker-archive:": openPath,
};

export const prefixList = Object.keys(prefixes).join(" ");

/**
 * Opens an image by its name on the command line: a path that exists, else an image of the engine, else a reference in a
 * registry. A prefix says which of them is meant. The caller closes it.
 * @throws LarderError that names the image and the way out.
 */
export async function openImage(name: string, options: OpenOptions): Promise<OuterImage> {
  const prefix = Object.keys(prefixes).find((one) => name.startsWith(one));
  const open = prefix === undefined ? undefined : prefixes[prefix];
  if (prefix !== undefined && open) return open(name, name.slice(prefix.length), options);
  if (await exists(name)) return openPath(name, name, options);
  if (/^[./~]/.test(name)) return openPath(name, name, options);
  checkReference(name, name);
  const local = await openEngineImage(name, name, options, "may be down");
  return local ?? openInRegistry(name, name, options);
}

/** Opens all of them, or none. */
export async function openImages(names: readonly string[], options: OpenOptions): Promise<OuterImage[]> {
  const opened = await Promise.allSettled(names.map((name) => openImage(name, options)));
  const images = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = opened.find((one) => one.status === "rejected");
  if (!failed) return images;
  await closeImages(images);
  throw failed.reason;
}

export async function closeImages(images: readonly OuterImage[]): Promise<void> {
  await Promise.all(images.map((image) => image.close()));
}

async function openInEngine(name: string, reference: string, options: OpenOptions): Promise<OuterImage> {
  checkReference(name, reference);
  const image = await openEngineImage(name, reference, options, "must be up");
  if (image) return image;
  throw new LarderError(`image "${name}": the engine does not have it: docker pull or docker load it first`);
}

async function openInRegistry(name: string, reference: string, options: OpenOptions): Promise<OuterImage> {
  return openRegistryImage(name, checkReference(name, reference), options);
}

/** A folder or a file, and after a colon the name of one of its images. */
async function openPath(name: string, rest: string, { platform }: OpenOptions): Promise<OuterImage> {
  const { path, wanted } = await splitPath(name, rest);
  const request = { name, ...(wanted !== undefined && { wanted }), ...(platform && { platform }) };
  if ((await stat(path)).isDirectory()) return openLayout("layout", folderFiles(path), request);
  const archive = await openArchive(path);
  try {
    return { ...(await openLayout("archive", archive, request)), close: () => archive.close() };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

async function splitPath(name: string, rest: string): Promise<{ path: string; wanted?: string }> {
  if (await exists(rest)) return { path: rest };
  for (let colon = rest.indexOf(":"); colon >= 0; colon = rest.indexOf(":", colon + 1)) {
    const path = rest.slice(0, colon);
    if (await exists(path)) return { path, wanted: rest.slice(colon + 1) };
  }
  throw new LarderError(`"${name}": there is no such file or folder`);
}

/** Reads a name as Docker does. An image ID, or its beginning, is a name for the engine, too. */
function checkReference(name: string, reference: string) {
  try {
    return parseReference(reference.replace(/^sha256:/, ""));
  } catch (error) {
    const way = `name a path, an image or a reference, with or without one of: ${prefixList}`;
    throw usageError(`image "${name}": ${LarderError.from(error).message}; ${way}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Unpacks one inner layer into an outer layer: nearly every one in one pass. */
import { createHash } from "node:crypto";
import { lstat, mkdir } from "node:fs/promises";
import { LarderError } from "../../error.js";
import { toBytes } from "../../files/bytes.js";
import { readOptions } from "../../files/tree.js";
import { measureTree } from "../../files/usage.js";
import { finishLayerFolder } from "../../shelf/layer-folder.js";
import { onShelf, shelf } from "../../shelf/paths.js";
import { showPath, type Whiteouts } from "../../shelf/whiteouts.js";
import { readTarSplit, type TarSplit } from "../../stores/overlay2/tar-split.js";
import { verifyBlob } from "../fetch/verify-blob.js";
import type { LayerBlob } from "../job.js";
import { applyLinks } from "./apply-links.js";
import { checkDeleted, checkNames } from "./check-names.js";
import { openLayerTar } from "./decompress.js";
import { explainTar } from "./explain-tar.js";
import { makeImplied } from "./implied.js";
import { findOnShelf, type LayerInput } from "./layer-input.js";
import { recordFolder, writeLayerRecord } from "./layer-record.js";
import { startTarReader } from "./tar-reader.js";
import { unpackUnusual } from "./unpack-unusual.js";

export interface LayerToUnpack extends LayerBlob {
  /** Path of the blob. */
  readonly blob: string;
  /** Root of the stage that has a shelved layer. */
  readonly stage?: string;
}

/**
 * The layer's folder of the shelf, byte for byte as from a daemon's files, and the record that catalogs need.
 * @param output Root of the outer layer. @param records A directory for the records of its layers.
 * @returns its size as Docker counts it.
 * @throws LarderError that names the layer, for a blob that is not what the image says, and for one that cannot be
 *     unpacked as Docker would.
 */
export async function unpackLayer(
  layer: LayerToUnpack,
  output: string,
  records: string,
): Promise<{ size: number }> {
  refuseMediaType(layer);
  try {
    return await unpack(layer, output, records);
  } catch (cause) {
    throw new LarderError(explainTar(layer, cause as Error), { cause });
  }
}

async function unpack(layer: LayerToUnpack, output: string, records: string): Promise<{ size: number }> {
  const { diffId, digest, blob, stage = "" } = layer;
  const input = layer.isShelved ? await findOnShelf(layer, stage) : ({ kind: "blob", path: blob } as const);
  const folder = `${output}/${shelf}/${onShelf.layer(diffId)}`;
  const files = `${folder}/fs`;
  const record = recordFolder(records, diffId);
  await mkdir(files, { recursive: true });
  await mkdir(record, { recursive: true });
  const tarSplit = `${record}/tar-split.json.gz`;
  const verified = input.kind === "blob" ? verifyBlob(input.path, { digest }, "it") : undefined;
  const [unpacked] = await Promise.all([spread(input, files, tarSplit), verified]);
  if (unpacked.diffId !== diffId) {
    const way =
      input.kind === "blob"
        ? "push the image again"
        : "build FROM an image whose shelf is as PRELOAD left it";
    throw new LarderError(`unpacks to ${unpacked.diffId}, not to ${diffId}: ${way}`);
  }
  const names = await readTarSplit(tarSplit);
  checkNames(names);
  const whiteouts = names.isPlain
    ? await finishPlain(names, files, unpacked.failure)
    : await unpackUnusual(input, tarSplit, files);
  const { size, usage, devices } = await measureTree(files);
  await refuseWhiteoutDevices(devices, files);
  await finishLayerFolder({ diffId, whiteouts }, output);
  await writeLayerRecord(record, { size, usage, hasXattrs: names.hasXattrs, whiteouts });
  return { size };
}

/** @param failure GNU tar's words, if it could not unpack the layer. */
async function finishPlain(names: TarSplit, files: string, failure: Error | undefined): Promise<Whiteouts> {
  if (failure) throw failure;
  await checkDeleted(names, files);
  await applyLinks(names.links, files);
  await makeImplied(names.implied, files);
  return names.whiteouts;
}

function refuseMediaType({ digest, mediaType }: LayerBlob): void {
  const what = /encrypted/.test(mediaType)
    ? "is encrypted, which PRELOAD does not support"
    : /foreign|nondistributable/.test(mediaType)
      ? "is a foreign one, which is not in the registry (Windows); leave the image out"
      : undefined;
  if (what !== undefined) throw new LarderError(`its layer ${digest} ${what}`);
}

/** GNU tar without whiteouts: it refuses names with `..`, and puts links that lead out into place last. */
const extractOptions = ["--extract", "--exclude=.wh.*", ...readOptions];

interface Spread {
  readonly diffId: string;
  /** Why GNU tar could not unpack the layer. */
  readonly failure: Error | undefined;
}

/** Gives the decompressed tar to all who need it, each chunk once: the digest, the record of the tar, and the files. */
async function spread(input: LayerInput, files: string, tarSplit: string): Promise<Spread> {
  const { tar, ended } = await openLayerTar(input);
  const [unpacker, recorder] = [
    startTarReader("tar", [...extractOptions, "-C", files, "--file=-"]),
    startTarReader("tar-split", ["disasm", "--no-stdout", "--output", tarSplit, "-"]),
  ];
  const hash = createHash("sha256");
  try {
    for await (const chunk of tar) {
      hash.update(chunk as Buffer);
      await Promise.all([unpacker.give(chunk as Buffer), recorder.give(chunk as Buffer)]);
    }
  } finally {
    // A tool that waits for more would keep the step from its end.
    unpacker.close();
    recorder.close();
  }
  // The decompressor's words say more than those of the tools that got too little.
  await ended;
  const failure = await unpacker.done.then(
    () => undefined,
    (error: Error) => error,
  );
  await recorder.done.catch((error: Error) => {
    throw failure ?? error;
  });
  return { diffId: `sha256:${hash.digest("hex")}`, failure };
}

async function refuseWhiteoutDevices(devices: readonly string[], files: string): Promise<void> {
  for (const path of devices) {
    const { rdev } = await lstat(toBytes(`${files}/${path}`));
    if (rdev === 0)
      throw new LarderError(`has a character device 0/0 at ${showPath(path)}, which would delete a file`);
  }
}

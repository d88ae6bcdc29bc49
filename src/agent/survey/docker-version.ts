/** The version of a Docker that is not run: its program may be for another platform. */
import { open } from "node:fs/promises";
import { packageVersion } from "./package-version.js";

/** Docker's versions by the rules for its store. `text` stands for a class on the shelf. */
const classes = [
  { since: 0, before: 23, text: "20.10" },
  { since: 23, before: 29, text: "23 to 28" },
  { since: 29, before: Number.POSITIVE_INFINITY, text: "29 or later" },
] as const;

export interface DockerVersion {
  /** The version, or the class of versions where there is no more to learn. attach reads the number that it begins with. */
  readonly text: string;
  /** The first number of the version, or of its class. */
  readonly major: number;
}

/** The version that is assumed where none can be read. */
export const newestDocker = 29;
/** Docker knows its containerd store since this version. */
export const firstWithContainerdStore = 23;

/**
 * @param program dockerd, absolute in the stage, without links.
 * @returns undefined if it is no program in machine code, so that the real dockerd is elsewhere.
 */
export async function readDockerVersion(stage: string, program: string): Promise<DockerVersion | undefined> {
  const features = await readFeatures(stage + program);
  if (!features) return undefined;
  const found = classes[features.isMobyV2 ? 2 : features.knowsSnapshotters ? 1 : 0];
  // What the program is made of counts for more than what is written about it.
  for (const text of [features.version, await packageVersion(stage, program)]) {
    const major = Number.parseInt(text ?? "", 10);
    if (text !== undefined && major >= found.since && major < found.before) return { text, major };
  }
  return { text: found.text, major: Number.parseInt(found.text, 10) };
}

interface Features {
  /** Docker 29 and later are built from another Go module. */
  readonly isMobyV2: boolean;
  /** It has the feature `containerd-snapshotter`. */
  readonly knowsSnapshotters: boolean;
  /** From the linker's options, which Go keeps in a program unless they are left out. */
  readonly version: string | undefined;
}

const elf = "\x7fELF";
const pieceSize = 4 << 20;
/** More than any of the texts that are looked for. */
const overlap = 256;

async function readFeatures(file: string): Promise<Features | undefined> {
  const handle = await open(file);
  try {
    const buffer = Buffer.allocUnsafe(overlap + pieceSize);
    let isMobyV2 = false;
    let knowsSnapshotters = false;
    let version: string | undefined;
    let kept = 0;
    for (let position = 0; ; ) {
      const { bytesRead } = await handle.read(buffer, kept, pieceSize, position);
      if (position === 0 && buffer.toString("latin1", 0, Math.min(bytesRead, elf.length)) !== elf)
        return undefined;
      if (bytesRead === 0) break;
      position += bytesRead;
      const piece = buffer.subarray(0, kept + bytesRead);
      isMobyV2 ||= piece.includes("github.com/moby/moby/v2/");
      knowsSnapshotters ||= piece.includes("containerd-snapshotter");
      version ??= linkedVersion(piece);
      kept = Math.min(overlap, piece.length);
      buffer.copyWithin(0, piece.length - kept, piece.length);
    }
    return { isMobyV2, knowsSnapshotters, version };
  } finally {
    await handle.close();
  }
}

const linked = "dockerversion.Version=";

function linkedVersion(piece: Buffer): string | undefined {
  for (let at = piece.indexOf(linked); at >= 0; at = piece.indexOf(linked, at + 1)) {
    const text = piece.toString("latin1", at + linked.length, at + linked.length + 64);
    // A version that the piece's end may cut off is found in the next one, whole.
    const version = /^(\d+\.\d+[\w.+~-]*)[^\w.+~-]/.exec(text)?.[1];
    if (version !== undefined) return version;
  }
  return undefined;
}

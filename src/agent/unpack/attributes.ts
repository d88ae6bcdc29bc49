import { LarderError } from "../../error.js";
import type { ByteString } from "../../files/bytes.js";
import { showPath } from "../../shelf/whiteouts.js";
import type { RecordedEntry } from "../../stores/overlay2/tar-entries.js";

export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds, maybe with a fraction. */
  readonly mtime: string;
  readonly xattrs: ReadonlyMap<ByteString, ByteString>;
}

/** @throws LarderError, which follows the name of the layer, if the header does not say all. */
export function attributesOf({ name, header }: RecordedEntry): Attributes {
  const { mode, uid, gid, mtime, xattrs, isTimeless } = header;
  if (mode === undefined || uid === undefined || gid === undefined || mtime === undefined) {
    throw new LarderError(`has the entry ${showPath(name)}, whose mode, owner or time is no number`);
  }
  return { mode, uid, gid, mtime: isTimeless ? "0" : mtime, xattrs };
}

const capability = "security.capability";

/** A hard link gives its own attributes to the file. The kernel takes a capability away when a file gets an owner. */
export function merge(file: Attributes | undefined, link: Attributes): Attributes {
  const stay = [...(file?.xattrs ?? [])].filter(([name]) => name !== capability);
  return { ...link, xattrs: new Map([...stay, ...link.xattrs]) };
}

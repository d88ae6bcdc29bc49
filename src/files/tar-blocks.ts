import { type ByteString, toBytes } from "./bytes.js";

/** The header of an entry that Larder writes. */
export interface EntryHeader {
  /** Relative, without a slash at its end. */
  readonly path: ByteString;
  /** As in a tar: 0 file, 1 hard link, 2 symbolic link, 3 and 4 devices, 5 directory, 6 fifo. */
  readonly type: string;
  readonly linkName?: ByteString;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds, maybe with a fraction. */
  readonly mtime: string;
  readonly size?: number;
  /** Major and minor number of a device, as in the block of a tar. */
  readonly device?: Buffer;
  readonly xattrs?: ReadonlyMap<ByteString, ByteString>;
}

const block = 512;

/** The blocks of a header in the form `posix`: all that may be long or large is in the pax header. */
export function tarHeader(entry: EntryHeader): Buffer {
  const { path, type, linkName, mode, uid, gid, mtime, size = 0, device, xattrs = new Map() } = entry;
  const records = [
    paxRecord("path", path),
    linkName === undefined ? "" : paxRecord("linkpath", linkName),
    paxRecord("uid", String(uid)),
    paxRecord("gid", String(gid)),
    paxRecord("mtime", mtime),
    size > 0 ? paxRecord("size", String(size)) : "",
    ...[...xattrs].map(([name, value]) => paxRecord(`SCHILY.xattr.${name}`, value)),
  ];
  const pax = toBytes(records.join(""));
  return Buffer.concat([
    ustarBlock({ type: "x", mode: 0o644, size: pax.length }),
    pax,
    tarPadding(pax.length),
    // The size that counts is that of the pax header.
    ustarBlock({ type, mode, size: size < 8 ** 11 ? size : 0, device }),
  ]);
}

/** Fills the last block of a content. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block);
}

/** Two blocks of zeros. */
export const tarEnd = Buffer.alloc(2 * block);

interface Ustar {
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  readonly device?: Buffer | undefined;
}

function ustarBlock({ type, mode, size, device }: Ustar): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, at: number, length: number): void => {
    bytes.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  };
  bytes.write("entry", 0, "latin1");
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  bytes.fill(" ", 148, 156);
  bytes.write(type, 156, "latin1");
  bytes.write("ustar\x0000", 257, "latin1");
  device?.copy(bytes, 329);
  octal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return bytes;
}

/** A record begins with its own length. */
function paxRecord(key: ByteString, value: ByteString): ByteString {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

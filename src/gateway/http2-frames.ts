/** Just enough of HTTP/2's framing (RFC 9113, section 4) to find header blocks in a byte stream. */
export const frameType = { headers: 0x1, continuation: 0x9 } as const;
export const frameFlag = { endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
  /** The frame as it stood in the stream. */
  readonly bytes: Buffer;
}

const headerLength = 9;

/** Splits what has arrived into whole frames and the rest that is not one yet. */
export function splitFrames(bytes: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = [];
  let at = 0;
  while (bytes.length - at >= headerLength) {
    const end = at + headerLength + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      stream: bytes.readUInt32BE(at + 5) & 0x7fffffff,
      payload: bytes.subarray(at + headerLength, end),
      bytes: bytes.subarray(at, end),
    });
    at = end;
  }
  return { frames, rest: bytes.subarray(at) };
}

/** The header block fragment of a HEADERS or CONTINUATION frame, without padding and priority. */
export function headerFragment(frame: Frame): Buffer {
  if (frame.type === frameType.continuation) return frame.payload;
  const padding = frame.flags & frameFlag.padded ? frame.payload.readUInt8(0) : 0;
  const start = (frame.flags & frameFlag.padded ? 1 : 0) + (frame.flags & frameFlag.priority ? 5 : 0);
  return frame.payload.subarray(start, frame.payload.length - padding);
}

/** A HEADERS frame that holds a whole header block. */
export function headersFrame(stream: number, endStream: boolean, block: Buffer): Buffer {
  const header = Buffer.alloc(headerLength);
  header.writeUIntBE(block.length, 0, 3);
  header.writeUInt8(frameType.headers, 3);
  header.writeUInt8(frameFlag.endHeaders | (endStream ? frameFlag.endStream : 0), 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, block]);
}

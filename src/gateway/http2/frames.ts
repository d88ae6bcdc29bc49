/** HTTP/2's frames (RFC 9113, sections 4 and 6). */
export const frameType = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const frameFlag = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
} as const;

/** No peer sends or accepts longer frames without a setting for it. */
export const maxPayload = 16_384;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  /** 0 stands for the connection. */
  readonly stream: number;
  readonly payload: Buffer;
}

const headerLength = 9;

/** Splits bytes into complete frames and an incomplete rest. */
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
    });
    at = end;
  }
  return { frames, rest: bytes.subarray(at) };
}

export function encodeFrame({ type, flags, stream, payload }: Frame): Buffer {
  const header = Buffer.alloc(headerLength);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

export function windowUpdate(stream: number, bytes: number): Frame {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return { type: frameType.windowUpdate, flags: 0, stream, payload };
}

export function settingsFrame(values: ReadonlyMap<number, number>): Frame {
  const payload = Buffer.alloc(values.size * 6);
  for (const [index, [id, value]] of [...values].entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return { type: frameType.settings, flags: 0, stream: 0, payload };
}

export function parseSettings({ payload }: Frame): ReadonlyMap<number, number> {
  const values = new Map<number, number>();
  for (let at = 0; at + 6 <= payload.length; at += 6)
    values.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
  return values;
}

/** The content of a DATA, HEADERS or CONTINUATION frame, without padding and priority. */
export function contentOf({ type, flags, payload }: Frame): Buffer {
  if (type === frameType.continuation) return payload;
  const isPadded = (flags & frameFlag.padded) !== 0;
  const hasPriority = type === frameType.headers && (flags & frameFlag.priority) !== 0;
  const start = (isPadded ? 1 : 0) + (hasPriority ? 5 : 0);
  return payload.subarray(start, payload.length - (isPadded ? payload.readUInt8(0) : 0));
}

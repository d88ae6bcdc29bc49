import { type Frame, frameFlag, frameType, maxPayload } from "./frames.js";

/** Bytes of a stream that the peer's flow control has not let through yet. */
export class Outgoing {
  readonly #waiting: Buffer[] = [];
  #isLast = false;
  #isEnded = false;
  /** Number of bytes that the peer accepts on this stream. New settings of the peer may make it negative. */
  window: number;

  constructor(window: number) {
    this.window = window;
  }

  /** @param isLast No bytes follow. */
  push(bytes: Buffer, isLast: boolean): void {
    if (bytes.length > 0) this.#waiting.push(bytes);
    this.#isLast = isLast;
  }

  /** The frames that can be sent now. @param most number of bytes that the peer accepts on the connection. */
  take(stream: number, most: number): Frame[] {
    const frames: Frame[] = [];
    let left = Math.max(0, Math.min(most, this.window));
    for (let bytes = this.#waiting[0]; bytes && left > 0; bytes = this.#waiting[0]) {
      const payload = bytes.subarray(0, Math.min(left, maxPayload));
      left -= payload.length;
      this.window -= payload.length;
      if (payload.length < bytes.length) this.#waiting[0] = bytes.subarray(payload.length);
      else this.#waiting.shift();
      frames.push(this.#frame(stream, payload));
    }
    if (this.#isLast && !this.#isEnded && this.#waiting.length === 0)
      frames.push(this.#frame(stream, Buffer.alloc(0)));
    return frames;
  }

  #frame(stream: number, payload: Buffer): Frame {
    this.#isEnded = this.#isLast && this.#waiting.length === 0;
    return { type: frameType.data, flags: this.#isEnded ? frameFlag.endStream : 0, stream, payload };
  }
}

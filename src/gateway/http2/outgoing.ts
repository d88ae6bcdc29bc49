import { type Frame, frameFlag, frameType, maxPayload } from "./frames.js";

/** What is to be sent on a stream, as far as the peer's flow control has not let it go yet. */
export class Outgoing {
  readonly #waiting: Buffer[] = [];
  #isLast = false;
  #isEnded = false;
  /** So many bytes the peer takes on this stream. It may be negative: the peer's settings can take back. */
  window: number;

  constructor(window: number) {
    this.window = window;
  }

  /** @param isLast Nothing follows. */
  push(bytes: Buffer, isLast: boolean): void {
    if (bytes.length > 0) this.#waiting.push(bytes);
    this.#isLast = isLast;
  }

  /** What can go now. @param most So many bytes the peer takes on the connection. */
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

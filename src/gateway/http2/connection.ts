/**
 * The client's side of HTTP/2 (RFC 9113) on two pipes, as far as gRPC needs it. Node's own client hangs if a header
 * value is longer than 64 KiB on the wire (a constant of nghttp2), and BuildKit sends the whole Dockerfile, more than
 * once, in the trailer of a failed call. Node's client and a gRPC library also need more time to load than Larder needs
 * for everything else in a Dockerfile without PRELOAD.
 */
import type { Readable, Writable } from "node:stream";
import {
  contentOf,
  encodeFrame,
  type Frame,
  frameFlag,
  frameType,
  parseSettings,
  setting,
  settingsFrame,
  splitFrames,
  windowUpdate,
} from "./frames.js";
import { decodeFields, encodeFields, type Fields } from "./hpack.js";
import { Outgoing } from "./outgoing.js";

/** Receives a stream in order. `end` or `fail` is the last call. */
export interface Receiver {
  /** Called a second time for trailers. */
  fields(fields: Fields): void;
  data(bytes: Buffer): void;
  end(): void;
  fail(error: Error): void;
}

export interface Sender {
  /** @param isLast No bytes follow. */
  send(bytes: Buffer, isLast: boolean): void;
}

interface Stream {
  readonly outgoing: Outgoing;
  readonly receiver: Receiver;
  readonly fields: Fields;
}

interface HeaderBlock {
  readonly stream: number;
  readonly endStream: boolean;
  readonly fragments: Buffer[];
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** A window that nothing fills. A setting cannot change the connection's initial window. */
const largestWindow = 2 ** 31 - 1;
const initialWindow = 65_535;

export class Http2Connection {
  readonly #output: Writable;
  #received: Buffer = Buffer.alloc(0);
  #block: HeaderBlock | undefined;
  /** The number of bytes that the peer accepts. */
  #window = initialWindow;
  #streamWindow = initialWindow;
  #maxStreams = 100;
  #nextId = 1;
  /** Streams that have begun and that the peer has not ended. */
  readonly #streams = new Map<number, Stream>();
  readonly #waiting: Stream[] = [];
  /** The reason why no new stream can be opened. */
  #closed: Error | undefined;

  constructor(input: Readable, output: Writable) {
    this.#output = output;
    output.write(preface);
    const settings = new Map<number, number>([
      [setting.headerTableSize, 0],
      [setting.enablePush, 0],
      [setting.initialWindowSize, largestWindow],
    ]);
    this.#write(settingsFrame(settings));
    this.#write(windowUpdate(0, largestWindow - initialWindow));
    input.on("data", (chunk: Buffer) => this.#receive(chunk));
    const gone = () => this.#break(new Error("the builder has closed the connection"));
    input.once("end", gone).once("close", gone);
    for (const pipe of [input, output]) pipe.on("error", (error) => this.#break(error));
  }

  /** Opens a stream now, or as soon as the peer allows one more. */
  open(fields: Fields, receiver: Receiver): Sender {
    const stream = { fields, receiver, outgoing: new Outgoing(this.#streamWindow) };
    if (this.#closed) receiver.fail(this.#closed);
    else this.#waiting.push(stream);
    return {
      send: (bytes, isLast) => {
        stream.outgoing.push(bytes, isLast);
        this.#flush();
      },
    };
  }

  #write(frame: Frame): void {
    this.#output.write(encodeFrame(frame));
  }

  /** Sends as much as the peer allows, in one piece. */
  #flush(): void {
    this.#output.cork();
    for (const stream of this.#waiting.splice(0, this.#maxStreams - this.#streams.size)) this.#begin(stream);
    for (const [id, { outgoing }] of this.#streams) {
      for (const frame of outgoing.take(id, this.#window)) {
        this.#window -= frame.payload.length;
        this.#write(frame);
      }
    }
    this.#output.uncork();
  }

  #begin(stream: Stream): void {
    const id = this.#nextId;
    this.#nextId += 2;
    this.#streams.set(id, stream);
    const payload = encodeFields(stream.fields);
    this.#write({ type: frameType.headers, flags: frameFlag.endHeaders, stream: id, payload });
  }

  #receive(chunk: Buffer): void {
    this.#output.cork();
    try {
      const { frames, rest } = splitFrames(Buffer.concat([this.#received, chunk]));
      this.#received = rest;
      for (const frame of frames) this.#take(frame);
      this.#flush();
    } catch (error) {
      this.#break(error as Error);
    } finally {
      this.#output.uncork();
    }
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case frameType.data:
        this.#takeData(frame);
        break;
      case frameType.headers:
      case frameType.continuation:
        this.#takeHeaders(frame);
        break;
      case frameType.settings:
        if (!(frame.flags & frameFlag.ack)) this.#takeSettings(frame);
        break;
      case frameType.windowUpdate:
        this.#takeWindowUpdate(frame);
        break;
      case frameType.ping:
        if (!(frame.flags & frameFlag.ack)) this.#write({ ...frame, flags: frameFlag.ack });
        break;
      case frameType.resetStream:
        this.#fail(
          frame.stream,
          new Error(`the builder broke off a call, error ${frame.payload.readUInt32BE()}`),
        );
        break;
      case frameType.goAway:
        this.#takeGoAway(frame);
        break;
      // Unknown frames must be ignored: HTTP/2 may get new ones.
    }
  }

  #takeData(frame: Frame): void {
    const { length } = frame.payload;
    const stream = this.#streams.get(frame.stream);
    if (length > 0) this.#write(windowUpdate(0, length));
    if (length > 0 && stream) this.#write(windowUpdate(frame.stream, length));
    stream?.receiver.data(contentOf(frame));
    if (frame.flags & frameFlag.endStream) this.#end(frame.stream);
  }

  #takeHeaders(frame: Frame): void {
    const endStream = (frame.flags & frameFlag.endStream) !== 0;
    if (frame.type === frameType.headers) this.#block = { stream: frame.stream, endStream, fragments: [] };
    this.#block?.fragments.push(contentOf(frame));
    if (!this.#block || !(frame.flags & frameFlag.endHeaders)) return;
    const block = this.#block;
    this.#block = undefined;
    this.#streams.get(block.stream)?.receiver.fields(decodeFields(Buffer.concat(block.fragments)));
    if (block.endStream) this.#end(block.stream);
  }

  #takeSettings(frame: Frame): void {
    const settings = parseSettings(frame);
    this.#maxStreams = settings.get(setting.maxConcurrentStreams) ?? this.#maxStreams;
    const streamWindow = settings.get(setting.initialWindowSize) ?? this.#streamWindow;
    for (const { outgoing } of [...this.#streams.values(), ...this.#waiting])
      outgoing.window += streamWindow - this.#streamWindow;
    this.#streamWindow = streamWindow;
    this.#write({ type: frameType.settings, flags: frameFlag.ack, stream: 0, payload: Buffer.alloc(0) });
  }

  #takeWindowUpdate({ stream, payload }: Frame): void {
    const more = payload.readUInt32BE();
    const outgoing = this.#streams.get(stream)?.outgoing;
    if (stream === 0) this.#window += more;
    else if (outgoing) outgoing.window += more;
  }

  #takeGoAway({ payload }: Frame): void {
    const last = payload.readUInt32BE();
    this.#closed = new Error(`the builder ends the connection, error ${payload.readUInt32BE(4)}`);
    for (const id of this.#streams.keys()) if (id > last) this.#fail(id, this.#closed);
    for (const { receiver } of this.#waiting.splice(0)) receiver.fail(this.#closed);
  }

  #end(id: number): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.receiver.end();
  }

  #fail(id: number, error: Error): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.receiver.fail(error);
  }

  #break(error: Error): void {
    this.#closed ??= error;
    for (const id of [...this.#streams.keys()]) this.#fail(id, error);
    for (const { receiver } of this.#waiting.splice(0)) receiver.fail(error);
  }
}

/** Calls of gRPC over HTTP/2: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
import { LarderError } from "../../error.js";
import { Status } from "../../gen/status.js";
import type { Http2Connection } from "../http2/connection.js";
import type { Fields } from "../http2/hpack.js";

/** gRPC's code for a server that does not exist (any more). */
const unavailable = 14;
const unknown = 2;

/** Receives the server's messages and the end of the call. */
export interface Answer {
  message(message: Buffer): void;
  /** Called once, at the end. The error has the server's code, message and details. */
  done(error?: LarderError): void;
}

export interface Call {
  /** @param isLast No message follows. */
  send(message: Uint8Array, isLast: boolean): void;
  /** Ends the messages without another one. */
  end(): void;
}

/** @param path `/package.Service/Method` */
export function startCall(connection: Http2Connection, path: string, answer: Answer): Call {
  const messages = new Messages();
  const received = new Map<string, string>();
  const sender = connection.open(requestFields(path), {
    fields: (fields) => {
      for (const [name, value] of fields) received.set(name, value);
    },
    data: (bytes) => {
      for (const message of messages.add(bytes)) answer.message(message);
    },
    end: () => answer.done(received.get("grpc-status") === "0" ? undefined : errorOf(path, received)),
    fail: (error) => answer.done(new LarderError(error.message, { code: unavailable, cause: error })),
  });
  return {
    send: (message, isLast) => sender.send(withLength(message), isLast),
    end: () => sender.send(Buffer.alloc(0), true),
  };
}

/** A call with one request and one response. */
export function unaryCall(connection: Http2Connection, path: string, request: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let response: Buffer | undefined;
    const call = startCall(connection, path, {
      message: (message) => {
        response = message;
      },
      done: (error) => {
        if (response && !error) resolve(response);
        else reject(error ?? new LarderError(`${path}: the builder sent no answer`));
      },
    });
    call.send(request, true);
  });
}

function requestFields(path: string): Fields {
  return new Map([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
    ["te", "trailers"],
    ["content-type", "application/grpc"],
  ]);
}

/** The prefix of a message: a byte that marks compression, and the length. */
const prefixLength = 5;

function withLength(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(prefixLength);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Joins the pieces of messages. */
class Messages {
  #pieces: Buffer[] = [];
  #length = 0;
  /** Number of bytes in the first message, as far as it is known. */
  #needed = prefixLength;

  add(piece: Buffer): Buffer[] {
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length < this.#needed) return [];
    const messages: Buffer[] = [];
    let rest = Buffer.concat(this.#pieces);
    for (let end = endOfFirst(rest); end <= rest.length; end = endOfFirst(rest)) {
      // A server may not compress, since the client has not allowed it.
      if (rest.readUInt8() !== 0) throw new Error("gRPC: a compressed message");
      messages.push(rest.subarray(prefixLength, end));
      rest = rest.subarray(end);
    }
    this.#pieces = [rest];
    this.#length = rest.length;
    this.#needed = endOfFirst(rest);
    return messages;
  }
}

function endOfFirst(bytes: Buffer): number {
  return bytes.length < prefixLength ? prefixLength : prefixLength + bytes.readUInt32BE(1);
}

/** The details contain the whole status, if the server has any. */
function errorOf(path: string, fields: Fields): LarderError {
  const details = fields.get("grpc-status-details-bin");
  const status = details === undefined ? undefined : Status.decode(Buffer.from(details, "base64"));
  const code = status?.code ?? Number(fields.get("grpc-status") ?? unknown);
  const message = status?.message || decodeMessage(fields.get("grpc-message") ?? "");
  const otherwise = `${path}: HTTP status ${fields.get(":status")}, gRPC status ${fields.get("grpc-status")}`;
  return new LarderError(message || otherwise, { code, details: status?.details ?? [] });
}

/** Percent-encoded UTF-8. Other text stays as it is. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

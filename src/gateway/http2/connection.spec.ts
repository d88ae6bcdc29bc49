import assert from "node:assert/strict";
import { once } from "node:events";
import {
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, connect, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { Http2Connection } from "./connection.js";

/** Tests the client against Node's own server. bridge.spec.ts tests it under gRPC. */
describe("Http2Connection", function () {
  // A busy machine may need this long.
  this.timeout(20_000);

  let server: Http2Server;
  const sessions: ServerHttp2Session[] = [];
  let socket: Socket;
  afterEach(disconnect);

  async function disconnect(): Promise<void> {
    socket.destroy();
    for (const session of sessions.splice(0)) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  }

  type Answer = (stream: ServerHttp2Stream, path: string) => void;

  /** @param inChunks Cuts the server's bytes. */
  async function connectTo(
    answer: Answer,
    { settings = {}, inChunks = (bytes: Buffer): Buffer[] => [bytes] } = {},
  ): Promise<Http2Connection> {
    server = createServer({ settings });
    server.on("session", (session) => sessions.push(session));
    server.on("stream", (stream, headers) => {
      // The server's own errors do not matter: tests look at the client's.
      stream.on("error", () => undefined);
      answer(stream, String(headers[":path"]));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const input = new PassThrough();
    socket.on("data", (bytes) => {
      for (const chunk of inChunks(bytes)) input.write(chunk);
    });
    socket.once("close", () => input.end());
    return new Http2Connection(input, socket);
  }

  /** Sends a request with a body, and returns the status and body of the answer. */
  function ask(
    connection: Http2Connection,
    path: string,
    body: Buffer = Buffer.alloc(0),
  ): Promise<[string, Buffer]> {
    return new Promise((resolve, reject) => {
      let status = "";
      const chunks: Buffer[] = [];
      const fields = new Map([
        [":method", "POST"],
        [":scheme", "http"],
        [":path", path],
        [":authority", "localhost"],
      ]);
      connection
        .open(fields, {
          fields: (received) => {
            status = received.get(":status") ?? status;
          },
          data: (bytes) => chunks.push(bytes),
          end: () => resolve([status, Buffer.concat(chunks)]),
          fail: reject,
        })
        .send(body, true);
    });
  }

  const echo: Answer = (stream) => {
    stream.respond({ ":status": 200 });
    stream.pipe(stream);
  };
  const bodyOf = (length: number, seed: number): Buffer => Buffer.alloc(length, `body ${seed}`);

  it("sends and takes bodies of any length, whatever windows the peer has", async () => {
    const connection = await connectTo(echo, { settings: { initialWindowSize: 1000 } });
    const bodies = [0, 1, 16_384, 16_385, 70_000, 3_000_000].map(bodyOf);
    const answers = await Promise.all(bodies.map((body) => ask(connection, "/", body)));
    for (const [index, [status, body]] of answers.entries()) {
      assert.equal(status, "200");
      assert.ok(body.equals(bodies[index] ?? Buffer.of(0)), `body ${index}`);
    }
  });

  it("does not mind where the chunks end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), async (sizes) => {
        const inChunks = (bytes: Buffer): Buffer[] => {
          const chunks: Buffer[] = [];
          for (let at = 0, k = 0; at < bytes.length; k++) {
            const end = at + (sizes[k % sizes.length] ?? 1);
            chunks.push(bytes.subarray(at, end));
            at = end;
          }
          return chunks;
        };
        const connection = await connectTo(echo, { inChunks });
        assert.deepEqual(await ask(connection, "/", bodyOf(1000, 1)), ["200", bodyOf(1000, 1)]);
        await disconnect();
      }),
      { numRuns: 10 },
    );
  });

  it("opens as many streams at a time as the peer allows", async () => {
    let open = 0;
    let most = 0;
    const connection = await connectTo(
      (stream) => {
        most = Math.max(most, ++open);
        stream.once("close", () => open--);
        setImmediate(() => {
          stream.respond({ ":status": 200 });
          stream.end("x");
        });
      },
      { settings: { maxConcurrentStreams: 5 } },
    );
    // The server's settings have come before this answer.
    await ask(connection, "/");
    const answers = await Promise.all(Array.from({ length: 300 }, () => ask(connection, "/")));
    assert.equal(answers.length, 300);
    assert.ok(most <= 5, `${most} streams at a time`);
  });

  it("answers a ping", async () => {
    const connection = await connectTo((stream) => {
      stream.session?.ping((error) => {
        stream.respond({ ":status": error ? 500 : 200 });
        stream.end();
      });
    });
    assert.equal((await ask(connection, "/"))[0], "200");
  });

  it("fails a stream that the peer resets, and no other", async () => {
    const connection = await connectTo((stream, path) => {
      if (path === "/reset") stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else echo(stream, path);
    });
    const [reset, other] = await Promise.allSettled([ask(connection, "/reset"), ask(connection, "/")]);
    assert.equal(other.status, "fulfilled");
    assert.match(String(reset.status === "rejected" && reset.reason), /broke off a call, error 2$/);
  });

  it("finishes open streams when the peer ends the connection, and opens no more", async () => {
    const connection = await connectTo((stream) => {
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR, stream.id);
      echo(stream, "/");
    });
    assert.equal((await ask(connection, "/"))[0], "200");
    await assert.rejects(ask(connection, "/"), { message: "the builder ends the connection, error 0" });
  });

  it("fails all streams when the connection breaks", async () => {
    const connection = await connectTo(() => socket.destroy());
    const message = "the builder has closed the connection";
    await assert.rejects(ask(connection, "/"), { message });
    await assert.rejects(ask(connection, "/"), { message });
  });

  it("fails all streams where it cannot understand the peer", async () => {
    // HEADERS of stream 1, with an index 0 into the table.
    const wrong = Buffer.from("00000101040000000180", "hex");
    const connection = await connectTo(echo, { inChunks: () => [wrong] });
    await assert.rejects(ask(connection, "/"), { message: "HPACK: no entry 0 in the table" });
  });
});

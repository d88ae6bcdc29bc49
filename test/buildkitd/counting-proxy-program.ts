/**
 * An HTTP proxy in the lab's network that counts. It prints its port, then for each request a line of JSON, a `Transfer`.
 * For each line of its input it prints an empty one. It ends with its input.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Transfer } from "./counting-proxy.js";

/** Reads the bytes on their way. @returns their number, once they have ended. */
function count(body: Readable): () => number {
  let bytes = 0;
  body.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  return () => bytes;
}

function serve(asked: IncomingMessage, answer: ServerResponse): void {
  const { method = "GET", url = "" } = asked;
  const sent = count(asked);
  const to = request(url, { method, headers: asked.headers }, (got) => {
    const { statusCode: status = 502 } = got;
    const taken = count(got);
    answer.writeHead(status, got.headers);
    // The line comes before the answer's end, so whoever has the whole answer finds it counted.
    got.on("end", () => {
      const { pathname, search } = new URL(url);
      const transfer: Transfer = { method, path: pathname + search, status, sent: sent(), taken: taken() };
      process.stdout.write(`${JSON.stringify(transfer)}\n`, () => answer.end());
    });
    got.pipe(answer, { end: false });
  });
  to.on("error", () => answer.destroy());
  asked.pipe(to);
}

const server = createServer(serve);
server.listen(0, () => {
  const address = server.address();
  console.log(typeof address === "object" ? address?.port : address);
});
process.stdin.on("data", () => console.log());
process.stdin.on("end", () => process.exit());

/**
 * BuildKit speaks HTTP/2 on the frontend's stdin and stdout; grpc-js can only connect to an address.
 * So a Unix socket in the frontend's own container is joined to the two pipes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LongValues } from "./long-values.js";

export interface Transport {
  /** For grpc-js. */
  readonly address: string;
  readonly longValues: LongValues;
}

/** Listens for the one connection that grpc-js will make. */
export async function joinStdio(
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stdout,
): Promise<Transport> {
  const longValues = new LongValues();
  const folder = mkdtempSync(join(tmpdir(), "larder-"));
  const path = join(folder, "bridge.sock");
  const server = createServer((socket) => {
    input.pipe(longValues).pipe(socket);
    socket.pipe(output);
    // Nobody else is to come.
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return { address: `unix:${path}`, longValues };
}

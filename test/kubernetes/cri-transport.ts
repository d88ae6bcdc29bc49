/**
 * gRPC to the containerd in a system container. grpc-js needs an address, so the test has a Unix socket, and a `socat`
 * in the container serves each connection to it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SystemContainer } from "../harness/system-container.js";

export class CriTransport {
  /** The address for grpc-js. */
  readonly address: string;
  readonly #folder: string;
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(folder: string, container: SystemContainer) {
    const path = join(folder, "cri.sock");
    this.address = `unix:${path}`;
    this.#folder = folder;
    this.#server = createServer((socket) => this.#join(socket, container)).listen(path);
  }

  static async open(container: SystemContainer): Promise<CriTransport> {
    const transport = new CriTransport(mkdtempSync(join(tmpdir(), "larder-cri-")), container);
    await new Promise<void>((resolve, reject) => {
      transport.#server.once("listening", resolve).once("error", reject);
    });
    return transport;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #join(socket: Socket, container: SystemContainer): void {
    this.#sockets.push(socket);
    const child = container.spawn("socat", "-", "UNIX-CONNECT:/run/containerd/containerd.sock");
    socket.pipe(child.stdin).on("error", () => undefined);
    child.stdout.pipe(socket).on("error", () => undefined);
    socket.once("close", () => child.kill());
    child.once("close", () => socket.destroy());
  }
}

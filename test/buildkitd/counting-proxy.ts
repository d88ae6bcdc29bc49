import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { atEnd } from "../harness/cleanup.js";
import { lab } from "../harness/lab.js";

/** A request and its answer. */
export interface Transfer {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  /** Bytes of the request's body. */
  readonly sent: number;
  /** Bytes of the answer's body. */
  readonly taken: number;
}

/** Between a builder and its registries. */
export class CountingProxy {
  readonly address: string;
  readonly #input: Writable;
  readonly #lines: AsyncIterator<string>;

  private constructor(address: string, input: Writable, lines: AsyncIterator<string>) {
    this.address = address;
    this.#input = input;
    this.#lines = lines;
  }

  static async start(): Promise<CountingProxy> {
    const program = fileURLToPath(new URL("counting-proxy-program.ts", import.meta.url));
    const command = [process.execPath, "--import", "tsx", program];
    const child: ChildProcessByStdio<Writable, Readable, null> = spawn(lab.inNetwork, command, {
      stdio: ["pipe", "pipe", "inherit"],
    });
    atEnd(async () => child.kill());
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const port = await nextLine(lines);
    return new CountingProxy(`http://${lab.registry.replace(/\d+$/, port)}`, child.stdin, lines);
  }

  /** The requests since the last call that have been answered. */
  async transfers(): Promise<Transfer[]> {
    this.#input.write("\n");
    const transfers: Transfer[] = [];
    for (let line = await nextLine(this.#lines); line !== ""; line = await nextLine(this.#lines))
      transfers.push(JSON.parse(line) as Transfer);
    return transfers;
  }
}

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const { done, value } = await lines.next();
  if (done) throw new Error("the counting proxy has ended");
  return value;
}

/** Bytes of each blob that was taken from a registry, by digest. */
export function takenBlobs(transfers: readonly Transfer[]): Map<string, number> {
  return bytesByDigest(transfers, /^GET \/v2\/.*\/blobs\/(sha256:[0-9a-f]{64})$/, "taken");
}

/** Bytes of each blob that was sent to a registry, by digest. */
export function sentBlobs(transfers: readonly Transfer[]): Map<string, number> {
  return bytesByDigest(
    transfers,
    /^PUT \/v2\/.*\/blobs\/uploads\/.*[?&]digest=(sha256:[0-9a-f]{64})/,
    "sent",
  );
}

/** Digests of blobs that a registry took over from another of its repositories. */
export function mountedBlobs(transfers: readonly Transfer[]): string[] {
  const mounts = transfers.filter(({ status }) => status === 201);
  return [...bytesByDigest(mounts, /^POST .*[?&]mount=(sha256:[0-9a-f]{64})/, "sent").keys()];
}

export function total(bytes: Iterable<number>): number {
  return [...bytes].reduce((sum, one) => sum + one, 0);
}

function bytesByDigest(
  transfers: readonly Transfer[],
  request: RegExp,
  direction: "sent" | "taken",
): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const transfer of transfers) {
    const digest = request.exec(`${transfer.method} ${decodeURIComponent(transfer.path)}`)?.[1];
    if (digest !== undefined) bytes.set(digest, (bytes.get(digest) ?? 0) + transfer[direction]);
  }
  return bytes;
}

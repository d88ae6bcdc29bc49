import { request as httpRequest, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

/** The fields of `/info` about the store. */
export interface EngineInfo {
  readonly ServerVersion: string;
  /** `overlay2`, `vfs`; with containerd's store, the name of the snapshotter. */
  readonly Driver: string;
  readonly DriverStatus: readonly (readonly [string, string])[] | null;
}

/** A line in the answer of `/images/load`. */
interface LoadMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
}

/** Docker's Engine API over its Unix socket: the three calls that stock needs, all in API 1.24 already. */
export class EngineApi {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  /** Does the daemon answer? */
  async ping(): Promise<boolean> {
    try {
      await text(await this.#send("GET", "/_ping"));
      return true;
    } catch {
      return false;
    }
  }

  async info(): Promise<EngineInfo> {
    return JSON.parse(await text(await this.#send("GET", "/info"))) as EngineInfo;
  }

  /** Loads an archive as `docker load` does. @throws Error with the daemon's words. */
  async load(archive: Readable, onLayer: (id: string, bytes: number) => void): Promise<void> {
    const response = await this.#send("POST", "/images/load?quiet=0", archive);
    const loaded = new Set<string>();
    for await (const line of createInterface({ input: response })) {
      if (line.trim() === "") continue;
      const message = JSON.parse(line) as LoadMessage;
      if (message.error !== undefined) throw new Error(message.error);
      const { current, total } = message.progressDetail ?? {};
      if (message.id === undefined || total === undefined || current !== total || loaded.has(message.id))
        continue;
      loaded.add(message.id);
      onLayer(message.id, total);
    }
  }

  async #send(method: string, path: string, body?: Readable): Promise<IncomingMessage> {
    const headers = body ? { "Content-Type": "application/x-tar" } : {};
    const request = httpRequest({ socketPath: this.#socket, method, path, headers });
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      request.on("response", resolve);
      request.on("error", reject);
    });
    // If the upload fails, so does the request, unless the daemon has answered before.
    if (body) pipeline(body, request).catch(() => {});
    else request.end();
    const answer = await response;
    if (answer.statusCode !== 200)
      throw new Error(messageOf(await text(answer)) ?? `${path}: ${answer.statusCode}`);
    return answer;
  }
}

function messageOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { message?: string }).message;
  } catch {
    return body.trim() || undefined;
  }
}

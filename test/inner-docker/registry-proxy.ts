import { readFileSync } from "node:fs";
import { atEnd } from "../harness/cleanup.js";
import { docker, tryDocker } from "../harness/docker.js";
import { lab, labImage } from "../harness/lab.js";

/** The lab's registry under another name. Preloaded images do not come from a registry of this name. */
const otherName = "elsewhere.test";
export const otherRegistry = lab.registry.replace(/^[^:]+/, otherName);
/** Arguments for `docker run`. */
export const knowsOtherName = ["--add-host", `${otherName}:${lab.registry.replace(/:.*/, "")}`];

/** An HTTP proxy in a separate container. It records the inner daemon's requests to the registry. */
export class RegistryProxy {
  readonly #id: string;
  readonly address: string;
  #seen = 0;

  private constructor(id: string, address: string) {
    this.#id = id;
    this.address = address;
  }

  static async start(): Promise<RegistryProxy> {
    const program = readFileSync(new URL("proxy.py", import.meta.url), "utf8");
    const run = ["run", "--detach", ...knowsOtherName, labImage("python:3"), "python3", "-c", program];
    const id = (await docker(run)).trim();
    atEnd(() => tryDocker(["rm", "--force", id]));
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const address = (await docker(["inspect", "--format", format, id])).trim();
    return new RegistryProxy(id, `http://${address}:3128`);
  }

  /** Requests since the last call: method, path and query. */
  async requests(): Promise<string[]> {
    const all = (await docker(["logs", this.#id])).split("\n").filter((line) => line !== "");
    const fresh = all.slice(this.#seen);
    this.#seen = all.length;
    return fresh;
  }
}

/** Digests of blobs that were downloaded. */
export function downloads(requests: readonly string[]): string[] {
  return requests.flatMap((line) => /^GET .*\/blobs\/(sha256:[0-9a-f]{64})/.exec(line)?.[1] ?? []);
}

/** Digests of blobs whose bytes were sent to the registry. */
export function uploads(requests: readonly string[]): string[] {
  return requests
    .flatMap(
      (line) => /^PUT .*\/blobs\/uploads\/.*[?&]digest=(sha256(?::|%3A)[0-9a-f]{64})/.exec(line)?.[1] ?? [],
    )
    .map((digest) => digest.replace("%3A", ":"));
}

/** Digests of blobs that the registry was asked to copy from another of its repositories. */
export function mounts(requests: readonly string[]): string[] {
  return requests
    .flatMap((line) => /^POST .*[?&]mount=(sha256(?::|%3A)[0-9a-f]{64})/.exec(line)?.[1] ?? [])
    .map((digest) => digest.replace("%3A", ":"));
}

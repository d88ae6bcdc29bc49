/**
 * Finds out if a registry can be reached at all. skopeo waits 30 s for each connection, without an option for that.
 * Here only the opening of a connection has a limit, so a registry may answer slowly.
 */
import { readdir, readFile } from "node:fs/promises";
import { connect, isIP } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../files/tool.js";
import { type Endpoint, proxyFor, withoutBrackets } from "./proxy.js";

/** TCP sends a lost packet again after 1, 3 and 7 s. */
export const reachWithinMs = 10_000;
const pauseMs = 500;

/** An endpoint for connections to a registry. */
export interface Door extends Endpoint {
  /** The endpoint is the proxy's. */
  readonly isProxy: boolean;
}

/** @param domain of the registry, with its port. @param insecure The registry may speak plain HTTP. */
export function doorsOf(domain: string, insecure: boolean, env: NodeJS.ProcessEnv): Door[] {
  // The same split as in containers/image.
  const [, name = domain, port] =
    /^(.*):(\d+)$/.exec(domain === "docker.io" ? "registry-1.docker.io" : domain) ?? [];
  const host = withoutBrackets(domain === "docker.io" ? "registry-1.docker.io" : name);
  const schemes = insecure ? (["https", "http"] as const) : (["https"] as const);
  return schemes.map((scheme) => {
    const direct = { host, port: port === undefined ? { https: 443, http: 80 }[scheme] : Number(port) };
    const proxy = proxyFor(scheme, direct, env);
    return proxy ? { ...proxy, isProxy: true } : { ...direct, isProxy: false };
  });
}

/**
 * Users who build the frontend image themselves may configure mirrors for skopeo. It then does not use these doors at
 * all.
 * @param folder of containers-registries.conf(5)
 */
export async function hasMirrors(folder = "/etc/containers"): Promise<boolean> {
  const more = await readdir(`${folder}/registries.conf.d`).catch(() => []);
  const paths = ["registries.conf", ...more.map((name) => `registries.conf.d/${name}`)];
  const texts = await Promise.all(paths.map((path) => readFile(`${folder}/${path}`, "utf8").catch(() => "")));
  return texts.some((text) => /^\s*\[\[\s*registry\b/m.test(text));
}

/**
 * Tries the doors until a connection is open, or the time is over.
 * @returns the reason if no connection could be opened; undefined if one could, or after a stop.
 */
export async function whyUnreachable(
  doors: readonly Door[],
  { withinMs = reachWithinMs, signal }: { withinMs?: number; signal: AbortSignal },
): Promise<string | undefined> {
  const late = AbortSignal.timeout(withinMs);
  const stop = AbortSignal.any([signal, late]);
  let why = "";
  while (!stop.aborted) {
    const tries = doors.map((door) => open(door, stop));
    try {
      await Promise.any(tries);
      return undefined;
    } catch (error) {
      // The error of a single connection says more than the timeout.
      const [first] = (error as AggregateError).errors as Error[];
      if (first && (!stop.aborted || why === "")) why = first.message;
    }
    await sleep(pauseMs, undefined, { signal: stop }).catch(() => undefined);
  }
  return signal.aborted ? undefined : why;
}

/** Opens a connection to one of the addresses, and closes it again. */
async function open(door: Door, stop: AbortSignal): Promise<void> {
  const addresses = await addressesOf(door.host, stop);
  try {
    await Promise.any(addresses.map((address) => openAddress(address, door, stop)));
  } catch (error) {
    throw (error as AggregateError).errors[0];
  }
}

/** Uses a program, which can be killed: Node would wait for a lookup of its own before it exits. */
async function addressesOf(host: string, stop: AbortSignal): Promise<string[]> {
  if (isIP(host)) return [host];
  const printed = await run("getent", ["ahosts", host], { signal: stop }).catch(() => {
    throw new Error(stop.aborted ? `the DNS does not answer for ${host}` : `the DNS does not know ${host}`);
  });
  const words = printed.toString("utf8").split(/\s+/);
  return [...new Set(words.filter((word) => isIP(word)))];
}

function openAddress(host: string, { port }: Door, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const where = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
    const socket = connect({ host, port });
    const giveUp = (): void => {
      socket.destroy();
      reject(new Error(`${where} does not answer`));
    };
    stop.addEventListener("abort", giveUp, { once: true });
    const done = (settle: () => void) => (): void => {
      stop.removeEventListener("abort", giveUp);
      socket.destroy();
      settle();
    };
    socket.once("connect", done(resolve));
    socket.once("error", (error: NodeJS.ErrnoException) =>
      done(() => reject(new Error(`${where}: ${wordsOf[error.code ?? ""] ?? error.message}`)))(),
    );
  });
}

const wordsOf: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ETIMEDOUT: "connection timed out",
};

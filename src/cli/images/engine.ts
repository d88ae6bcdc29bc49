import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import Docker from "dockerode";
import { LarderError } from "../../error.js";
import { isObject } from "../../is-object.js";
import { isMissingProgram, runProgram } from "./run-program.js";

export interface Engine {
  readonly docker: Docker;
  /** For messages: `unix:///var/run/docker.sock`. */
  readonly address: string;
}

const defaultAddress = "unix:///var/run/docker.sock";

/** The engine of `DOCKER_HOST`, else that of the current docker context. It may not be running. */
export async function connectEngine(): Promise<Engine> {
  // docker-modem reads DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH itself.
  const host = process.env.DOCKER_HOST;
  if (host) return { docker: new Docker(), address: host };
  const context = await currentContext();
  if (!context)
    return { docker: new Docker({ socketPath: pathOf(defaultAddress) }), address: defaultAddress };
  return { docker: new Docker(optionsOf(context)), address: context.host };
}

/** Turns a failed connection into an error that names the engine. */
export function engineError(error: unknown, { address }: Engine): LarderError {
  const code = isObject(error) ? error.code : undefined;
  const unreachable = ["ECONNREFUSED", "ENOENT", "EACCES", "ENOTFOUND", "ETIMEDOUT", "EHOSTUNREACH"];
  if (!unreachable.includes(String(code))) return LarderError.from(error);
  const way =
    code === "EACCES"
      ? "you have no right to use it"
      : "start it, or name another with DOCKER_HOST or docker context use";
  return new LarderError(`the Docker engine at ${address} cannot be reached (${code}): ${way}`, {
    code: unavailable,
    cause: error,
  });
}

/** gRPC's UNAVAILABLE. */
const unavailable = 14;

export function isUnreachable(error: LarderError): boolean {
  return error.code === unavailable;
}

interface Context {
  readonly host: string;
  readonly skipsVerification: boolean;
  /** Folder with ca.pem, cert.pem and key.pem. */
  readonly certificates: string | undefined;
}

/** @returns undefined without a docker client: then there are no contexts either. */
async function currentContext(): Promise<Context | undefined> {
  const output = await inspectContext();
  if (!output) return undefined;
  const [context] = JSON.parse(output.toString("utf8")) as {
    Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } };
    Storage?: { TLSPath?: string };
  }[];
  const endpoint = context?.Endpoints?.docker;
  const folder = join(context?.Storage?.TLSPath ?? "", "docker");
  return {
    host: endpoint?.Host || defaultAddress,
    skipsVerification: endpoint?.SkipTLSVerify ?? false,
    certificates: existsSync(folder) ? folder : undefined,
  };
}

async function inspectContext(): Promise<Buffer | undefined> {
  try {
    const { status, stdout, stderr } = await runProgram("docker", ["context", "inspect"]);
    if (status === 0) return stdout;
    throw new LarderError(`the current docker context cannot be read: ${stderr.trim()}`);
  } catch (error) {
    if (isMissingProgram(error)) return undefined;
    throw error;
  }
}

function optionsOf({ host, skipsVerification, certificates }: Context): Docker.DockerOptions {
  if (/^(unix|npipe):/.test(host)) return { socketPath: pathOf(host) };
  const url = new URL(host);
  if (url.protocol === "ssh:") {
    return { protocol: "ssh", host: url.hostname, port: url.port || 22, username: url.username };
  }
  const read = (name: string): string | undefined => {
    const path = join(certificates ?? "", name);
    return certificates && existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };
  const given = Object.entries({ ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") });
  const files = Object.fromEntries(given.filter(([, content]) => content !== undefined));
  return {
    protocol: certificates ? "https" : "http",
    host: url.hostname,
    port: url.port || (certificates ? 2376 : 2375),
    ...files,
    ...(skipsVerification && { rejectUnauthorized: false }),
  };
}

function pathOf(address: string): string {
  return address.replace(/^\w+:\/\//, "");
}

/** What docker-modem takes for a request; its own types leave it open. */
interface Dial {
  dial(
    options: {
      path: string;
      method: "GET";
      isStream?: boolean;
      options?: Readonly<Record<string, string>>;
      statusCodes: Readonly<Record<number, true | string>>;
    },
    done: (error: unknown, answer: unknown) => void,
  ): void;
}

/** An answer in JSON; undefined for 404. dockerode has no way to give a query to these paths. */
export async function request<T>(
  engine: Engine,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<T | undefined> {
  try {
    return (await dial(engine, path, query, false)) as T;
  } catch (error) {
    if (isObject(error) && error.statusCode === 404) return undefined;
    throw error;
  }
}

export async function requestStream(
  engine: Engine,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Readable> {
  return (await dial(engine, path, query, true)) as Readable;
}

function dial(
  { docker }: Engine,
  path: string,
  query: Readonly<Record<string, string>>,
  isStream: boolean,
): Promise<unknown> {
  const hasQuery = Object.keys(query).length > 0;
  return new Promise((resolve, reject) => {
    (docker.modem as Dial).dial(
      {
        path: hasQuery ? `${path}?` : path,
        method: "GET",
        isStream,
        ...(hasQuery && { options: query }),
        statusCodes: { 200: true, 404: "not found", 500: "server error" },
      },
      (error, answer) => (error ? reject(error) : resolve(answer)),
    );
  });
}

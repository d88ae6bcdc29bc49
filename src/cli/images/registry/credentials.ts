/** The user's logins, as `docker login` leaves them: in Docker's config, or with a credential helper that it names. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { LarderError } from "../../../error.js";
import { isObject } from "../../../is-object.js";
import { runProgram } from "../run-program.js";

export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** The registry gave it at the login, in place of a password. */
  | { readonly kind: "identity token"; readonly token: string };

/** Docker keeps the login of Docker Hub under the address of its first API. */
const hubKey = "https://index.docker.io/v1/";

/** @param registry with its port. @returns undefined if the user has no login for it. */
export async function findCredentials(registry: string): Promise<Credentials | undefined> {
  const config = await readConfig();
  const key = registry === "docker.io" ? hubKey : registry;
  const helper = stringOf(entryFor(config.credHelpers, key)) ?? stringOf(config.credsStore);
  const stored = helper === undefined ? undefined : await askHelper(helper, key);
  return stored ?? parseEntry(entryFor(config.auths, key));
}

async function readConfig(): Promise<Readonly<Record<string, unknown>>> {
  const path = join(process.env.DOCKER_CONFIG ?? join(homedir(), ".docker"), "config.json");
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw error;
  });
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch (cause) {
    // The parser's message quotes the text, which contains passwords.
    throw new LarderError(`${path} is not JSON: docker login writes it`, { cause });
  }
}

/** Keys may be URLs: old versions of Docker wrote `https://ghcr.io/v2/`. */
function entryFor(entries: unknown, key: string): unknown {
  if (!isObject(entries)) return undefined;
  return entries[key] ?? Object.entries(entries).find(([one]) => hostOf(one) === hostOf(key))?.[1];
}

function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/.*$/s, "");
}

function parseEntry(entry: unknown): Credentials | undefined {
  if (!isObject(entry)) return undefined;
  const token = stringOf(entry.identitytoken);
  if (token !== undefined) return { kind: "identity token", token };
  const [, username, password] = /^([^:]*):(.*)$/s.exec(decode(stringOf(entry.auth))) ?? [];
  const given = {
    username: username ?? stringOf(entry.username),
    password: password ?? stringOf(entry.password),
  };
  if (given.username === undefined || given.password === undefined) return undefined;
  return { kind: "password", username: given.username, password: given.password };
}

function decode(auth: string | undefined): string {
  // Docker pads some entries with zero bytes.
  return Buffer.from(auth ?? "", "base64")
    .toString("utf8")
    .replace(/\0+$/, "");
}

/** The protocol of docker-credential-helpers: the registry on stdin, JSON on stdout. */
async function askHelper(helper: string, key: string): Promise<Credentials | undefined> {
  const program = `docker-credential-${helper}`;
  const { status, stdout, stderr } = await runProgram(program, ["get"], key);
  const words = `${stdout.toString("utf8")}${stderr}`.trim();
  if (status !== 0 && /credentials not found|not found in native keychain/i.test(words)) return undefined;
  if (status !== 0)
    throw new LarderError(`the login for ${hostOf(key)} cannot be read: ${program}: ${words}`);
  const answer: unknown = JSON.parse(stdout.toString("utf8"));
  const { Username, Secret } = isObject(answer) ? answer : {};
  if (typeof Username !== "string" || typeof Secret !== "string" || Secret === "") return undefined;
  // The helpers' own mark of a token.
  if (Username === "<token>") return { kind: "identity token", token: Secret };
  return { kind: "password", username: Username, password: Secret };
}

function stringOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

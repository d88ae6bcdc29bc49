/** Answers a registry's challenge: Basic, or a token of its token server (Docker's token authentication). */
import type { fetch, Response } from "undici";
import { LarderError } from "../../../error.js";
import { isObject } from "../../../is-object.js";
import type { Credentials } from "./credentials.js";

export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** @param header `WWW-Authenticate`: `Bearer realm="https://auth.docker.io/token",service="...",scope="..."`. */
export function parseChallenge(header: string): Challenge {
  const [, scheme = "", rest = ""] = /^\s*(\S+)\s*(.*)$/s.exec(header) ?? [];
  const pairs = [...rest.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)];
  return {
    scheme: scheme.toLowerCase(),
    parameters: Object.fromEntries(
      pairs.map(([, key = "", quoted, plain]) => [
        key.toLowerCase(),
        quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "",
      ]),
    ),
  };
}

type Ask = (url: string, init: Parameters<typeof fetch>[1]) => Promise<Response>;

/** @returns the header `Authorization`; undefined if there is nothing to answer with. */
export async function authorize(
  { scheme, parameters }: Challenge,
  credentials: Credentials | undefined,
  ask: Ask,
): Promise<string | undefined> {
  if (scheme === "basic") return credentials && basic(credentials);
  if (scheme !== "bearer") return undefined;
  const { realm, service, scope } = parameters;
  if (!realm || !URL.canParse(realm)) throw new LarderError("the registry names no token server");
  const query = new URLSearchParams({ ...(service && { service }), ...(scope && { scope }) });
  return `Bearer ${await askForToken(new URL(realm), query, credentials, ask)}`;
}

async function askForToken(
  realm: URL,
  query: URLSearchParams,
  credentials: Credentials | undefined,
  ask: Ask,
): Promise<string> {
  const response = await (credentials?.kind === "identity token"
    ? ask(realm.href, { method: "POST", body: refresh(query, credentials.token) })
    : ask(withQuery(realm, query), { headers: credentials ? { authorization: basic(credentials) } : {} }));
  const answer: unknown = response.ok ? await response.json() : undefined;
  const token = isObject(answer) ? (answer.token ?? answer.access_token) : undefined;
  if (typeof token === "string") return token;
  const way = credentials ? "docker login again" : "docker login first";
  throw new LarderError(`the token server ${realm.host} answers ${response.status}: ${way}`);
}

function withQuery(realm: URL, query: URLSearchParams): string {
  const url = new URL(realm);
  for (const [key, value] of query) url.searchParams.append(key, value);
  return url.href;
}

function refresh(query: URLSearchParams, token: string): URLSearchParams {
  const form = new URLSearchParams(query);
  form.set("grant_type", "refresh_token");
  form.set("client_id", "larder");
  form.set("refresh_token", token);
  return form;
}

/** A registry that asks for Basic cannot use an identity token. */
function basic(credentials: Credentials): string {
  if (credentials.kind === "identity token")
    throw new LarderError("the registry wants a password, and the login has a token: docker login again");
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
}

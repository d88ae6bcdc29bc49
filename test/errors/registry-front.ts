/**
 * A registry in front of the lab's that spoils the answers. It runs as a separate program in the lab's network:
 * `registry-front.ts REGISTRY FAULT`. It prints its port, then its deeds.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { login } from "./faults.js";

/** Manifests and configs are shorter, layers longer. */
const shortestLayer = 100_000;
const [registry = "", fault = "none"] = process.argv.slice(2);
const dropped = new Set<string>();

/** Valid for any address of the lab. Its key is no secret. */
const certificate = (kind: "key" | "pem"): Buffer =>
  readFileSync(new URL(`certificates/server.${kind}`, import.meta.url));
const server =
  fault === "certificate"
    ? createSecureServer({ key: certificate("key"), cert: certificate("pem") }, serve)
    : createServer(serve);

function serve(asked: IncomingMessage, answer: ServerResponse): void {
  if (isRefused(asked, answer) || isOld(asked, answer)) return;
  const headers = { ...asked.headers, host: registry };
  const url = fault === "separate" ? asked.url?.replace(/[?&](?:mount|from)=[^&]*/g, "") : asked.url;
  const to = request(`http://${registry}${url}`, { method: asked.method ?? "GET", headers }, (got) =>
    pass(asked, got, answer),
  );
  to.on("error", () => answer.destroy());
  asked.pipe(to);
}

function isRefused({ headers }: IncomingMessage, answer: ServerResponse): boolean {
  const right = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
  const refused =
    fault === "unauthorized" ||
    fault === "forbidden" ||
    (fault === "login" && headers.authorization !== right);
  if (!refused) return false;
  const forbidden = fault === "forbidden";
  const code = forbidden ? "DENIED" : "UNAUTHORIZED";
  answer.writeHead(forbidden ? 403 : 401, {
    "content-type": "application/json",
    ...(forbidden ? {} : { "www-authenticate": 'Basic realm="lab"' }),
  });
  answer.end(JSON.stringify({ errors: [{ code, message: "you may not" }] }));
  return true;
}

function isOld({ method, url = "" }: IncomingMessage, answer: ServerResponse): boolean {
  const name = /^\/v2\/(.*)\/manifests\//.exec(url)?.[1];
  if (fault !== "schema1" || name === undefined) return false;
  const manifest = JSON.stringify({
    schemaVersion: 1,
    name,
    tag: "1",
    architecture: "amd64",
    fsLayers: [],
    history: [],
  });
  answer.writeHead(200, {
    "content-type": "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "docker-content-digest": `sha256:${createHash("sha256").update(manifest).digest("hex")}`,
    "content-length": manifest.length,
  });
  answer.end(method === "HEAD" ? undefined : manifest);
  return true;
}

function pass({ method, url = "" }: IncomingMessage, got: IncomingMessage, answer: ServerResponse): void {
  const isLayer = method === "GET" && Number(got.headers["content-length"] ?? 0) > shortestLayer;
  answer.writeHead(got.statusCode ?? 502, got.headers);
  if (isLayer && (fault === "drop" || (fault === "drop-once" && !dropped.has(url)))) {
    dropped.add(url);
    console.log(`dropped ${url}`);
    drop(got, answer);
  } else if (isLayer && fault === "corrupt") {
    console.log(`corrupted ${url}`);
    got.once("data", (chunk: Buffer) => {
      chunk.writeUInt8(chunk.readUInt8(chunk.length - 1) ^ 1, chunk.length - 1);
      answer.write(chunk);
      got.pipe(answer);
    });
  } else {
    got.pipe(answer);
  }
}

/** Sends a part, and then breaks the connection. */
function drop(got: IncomingMessage, answer: ServerResponse): void {
  let sent = 0;
  got.on("data", (chunk: Buffer) => {
    sent += chunk.length;
    answer.write(chunk, () => {
      if (sent > shortestLayer / 2) answer.destroy();
    });
    if (sent > shortestLayer / 2) got.destroy();
  });
}

/** buildkitd, unlike dockerd, has settings for single ports: for plain HTTP, and for the authority of a certificate. */
const { LARDER_LAB_HTTP_PORTS: http, LARDER_LAB_TLS_PORT: tls } = process.env;
const ports = ((fault === "certificate" ? tls : http) ?? "0").split(" ").map(Number);
server.on("error", listen);
server.on("listening", () => {
  const address = server.address();
  console.log(typeof address === "object" ? address?.port : address);
});
listen();

function listen(error?: Error): void {
  const port = ports.shift();
  if (port === undefined) throw error ?? new Error("there is no port to listen on");
  server.listen(port);
}

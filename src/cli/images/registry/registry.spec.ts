import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { blobPath } from "../../../image/oci-layout.js";
import { parseReference } from "../../../image/reference.js";
import { makeLayout, makeTar, temporaryFolder } from "../testing.js";
import { parseChallenge } from "./authorize.js";
import { openRegistryImage } from "./image.js";

const files = { "etc/os-release": "ID=test\n" };
const layout = makeLayout([{ layers: [{ files, history: "RUN base" }] }]);

type Answer = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** A registry with one image, `a/b:1`. @param refuse answers a request itself, if it gives true. */
async function serve(refuse: Answer = () => false) {
  const blobs = await layout;
  const index = JSON.parse((blobs.get("index.json") ?? "").toString()) as { manifests: { digest: string }[] };
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (await refuse(request, response)) return;
    const name = request.url?.split("/").at(-1) ?? "";
    const bytes = blobs.get(blobPath(name.startsWith("sha256:") ? name : (index.manifests[0]?.digest ?? "")));
    if (!bytes || name === "2")
      return void response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { address, asked, close: () => new Promise((resolve) => server.close(resolve)) };
}

async function read(address: string, tag = "1") {
  const image = await openRegistryImage("x", parseReference(`${address}/a/b:${tag}`), {});
  try {
    return { layers: image.layers.length, content: await buffer(await image.openLayer(0)) };
  } finally {
    await image.close();
  }
}

describe("an image in a registry", () => {
  const folder = temporaryFolder();
  const given = { config: process.env.DOCKER_CONFIG, path: process.env.PATH };
  let registry: Awaited<ReturnType<typeof serve>>;

  function login(config: object): void {
    writeFileSync(join(folder, "config.json"), JSON.stringify(config));
    process.env.DOCKER_CONFIG = folder;
  }

  beforeEach(() => login({}));
  afterEach(async () => {
    await registry.close();
    process.env.PATH = given.path;
    if (given.config === undefined) delete process.env.DOCKER_CONFIG;
    else process.env.DOCKER_CONFIG = given.config;
  });

  it("is read by manifest and config; a layer only when it is asked for", async () => {
    registry = await serve();
    const image = await openRegistryImage("x", parseReference(`${registry.address}/a/b:1`), {});
    const before = registry.asked.length;
    assert.equal(registry.asked.filter((one) => one.includes("/blobs/")).length, 1, "the config alone");
    assert.deepEqual(await buffer(await image.openLayer(0)), await makeTar(files));
    assert.equal(registry.asked.length, before + 1);
    await image.close();
  });

  const password = `Basic ${Buffer.from("user:pass:word").toString("base64")}`;
  const auth = password.slice("Basic ".length);

  it("is read with a password of docker login", async () => {
    registry = await serve(({ headers }, response) => {
      if (headers.authorization === password) return false;
      response.writeHead(401, { "www-authenticate": 'Basic realm="registry"' }).end();
      return true;
    });
    await assert.rejects(
      read(registry.address),
      /the registry answers 401: Unauthorized; docker login may help/,
    );
    login({ auths: { [registry.address]: { auth } } });
    assert.equal((await read(registry.address)).layers, 1);
  });

  /** Docker's token authentication; the token server is at /token of the registry. */
  async function withTokens(isAllowed: (request: IncomingMessage) => boolean | Promise<boolean>) {
    return serve(async (request, response) => {
      if (request.url?.startsWith("/token")) {
        const allowed = await isAllowed(request);
        response.writeHead(allowed ? 200 : 401).end('{"token":"secret"}');
        return true;
      }
      if (request.headers.authorization === "Bearer secret") return false;
      const parameters = `realm="http://${request.headers.host}/token",service="s",scope="repository:a/b:pull"`;
      response.writeHead(401, { "www-authenticate": `Bearer ${parameters}` }).end();
      return true;
    });
  }

  it("is read with a token for nobody, where the registry gives one", async () => {
    registry = await withTokens(({ headers }) => headers.authorization === undefined);
    assert.equal((await read(registry.address)).layers, 1);
    assert.ok(registry.asked.includes("GET /token?service=s&scope=repository%3Aa%2Fb%3Apull"));
  });

  it("is read with a token for the login that a credential helper has", async () => {
    registry = await withTokens(({ headers }) => headers.authorization === password);
    await assert.rejects(
      read(registry.address),
      /the token server 127\.0\.0\.1:\d+ answers 401: docker login first/,
    );
    const helper = join(folder, "docker-credential-test");
    const words = '{"Username":"user","Secret":"pass:word"}';
    writeFileSync(
      helper,
      `#!/bin/sh\n[ "$1" = get ] && [ "$(cat)" = "${registry.address}" ] && echo '${words}'\n`,
    );
    chmodSync(helper, 0o755);
    process.env.PATH = `${folder}:${process.env.PATH}`;
    login({ credsStore: "test" });
    assert.equal((await read(registry.address)).layers, 1);
  });

  it("is read with an identity token", async () => {
    registry = await withTokens(async (request) => {
      const form = new URLSearchParams(await text(request));
      return form.get("grant_type") === "refresh_token" && form.get("refresh_token") === "long";
    });
    login({ auths: { [`https://${registry.address}/v2/`]: { identitytoken: "long" } } });
    assert.equal((await read(registry.address)).layers, 1);
  });

  it("is not read if the helper is missing, and the error names it", async () => {
    registry = await withTokens(() => true);
    login({ credHelpers: { [registry.address]: "nowhere" } });
    await assert.rejects(read(registry.address), /docker-credential-nowhere is not in PATH: install it/);
  });

  it("is refused if there is no such tag, or if bytes do not have their digest", async () => {
    registry = await serve(({ url = "" }, response) => {
      if (!url.includes("/blobs/")) return false;
      response.end("{}");
      return true;
    });
    await assert.rejects(read(registry.address, "2"), /a\/b: the registry answers 404: MANIFEST_UNKNOWN$/);
    await assert.rejects(read(registry.address), /the registry gave other bytes than sha256:/);
  });
});

describe("parseChallenge", () => {
  it("reads quoted and plain parameters", () => {
    assert.deepEqual(
      parseChallenge('Bearer realm="https://a.b/t?x=1,2",service=s, scope="repository:a:pull,push"'),
      {
        scheme: "bearer",
        parameters: { realm: "https://a.b/t?x=1,2", service: "s", scope: "repository:a:pull,push" },
      },
    );
    assert.deepEqual(parseChallenge(""), { scheme: "", parameters: {} });
  });
});

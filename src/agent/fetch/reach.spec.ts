import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { doorsOf, hasMirrors, whyUnreachable } from "./reach.js";

describe("doorsOf", () => {
  const cases: [domain: string, insecure: boolean, env: NodeJS.ProcessEnv, doors: string[]][] = [
    ["docker.io", false, {}, ["registry-1.docker.io:443"]],
    ["r.lan:5000", false, {}, ["r.lan:5000"]],
    ["r.lan", true, {}, ["r.lan:443", "r.lan:80"]],
    ["[::1]:5000", false, {}, ["::1:5000"]],
    ["docker.io", false, { https_proxy: "http://proxy:1" }, ["proxy proxy:1"]],
    ["r.lan", false, { HTTPS_PROXY: "proxy:1", NO_PROXY: "lan" }, ["r.lan:443"]],
  ];
  for (const [domain, insecure, env, doors] of cases) {
    it(`${domain} ${JSON.stringify(env)}${insecure ? ", insecure" : ""}`, () => {
      const shown = doorsOf(domain, insecure, env).map(
        ({ host, port, isProxy }) => `${isProxy ? "proxy " : ""}${host}:${port}`,
      );
      assert.deepEqual(shown, doors);
    });
  }
});

describe("hasMirrors", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "larder-reach-"));
    mkdirSync(join(folder, "registries.conf.d"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("finds settings of registries in any of the files", async () => {
    assert.equal(await hasMirrors(join(folder, "none")), false);
    writeFileSync(
      join(folder, "registries.conf"),
      'unqualified-search-registries = ["docker.io"]\n# [[registry]]\n',
    );
    assert.equal(await hasMirrors(folder), false);
    const mirror = '[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "mirror.lan"\n';
    writeFileSync(join(folder, "registries.conf.d/site.conf"), mirror);
    assert.equal(await hasMirrors(folder), true);
  });
});

describe("whyUnreachable", () => {
  const { signal } = new AbortController();
  const door = (port: number, host = "127.0.0.1") => ({ host, port, isProxy: false });
  const servers: Server[] = [];
  const listen = async (): Promise<number> => {
    // It accepts connections but never answers.
    const server = createServer((socket: Socket) => socket.on("error", () => {}));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address);
    return address.port;
  };
  after(() => {
    for (const server of servers) server.close();
  });

  it("accepts a registry that answers slowly", async () => {
    assert.equal(await whyUnreachable([door(await listen())], { withinMs: 60_000, signal }), undefined);
  });

  it("accepts one of several doors, also by name", async () => {
    const doors = [door(1), door(await listen(), "localhost")];
    assert.equal(await whyUnreachable(doors, { withinMs: 60_000, signal }), undefined);
  });

  it("gives up a port where nobody listens, once the time is over", async () => {
    assert.equal(
      await whyUnreachable([door(1)], { withinMs: 400, signal }),
      "127.0.0.1:1: connection refused",
    );
  });

  it("gives up a name that nobody knows", async () => {
    const why = await whyUnreachable([door(1, "no-such-host.invalid")], { withinMs: 300, signal });
    assert.match(why ?? "", /^the DNS (?:does not know|does not answer for) no-such-host\.invalid$/);
  });

  it("waits for a port that opens a little later", async () => {
    const port = await listen();
    const server = servers.at(-1);
    await new Promise((resolve) => server?.close(resolve));
    setTimeout(() => server?.listen(port, "127.0.0.1"), 100);
    assert.equal(await whyUnreachable([door(port)], { withinMs: 60_000, signal }), undefined);
  });

  it("stops when it is told to", async () => {
    const stop = AbortSignal.timeout(50);
    assert.equal(await whyUnreachable([door(1)], { withinMs: 60_000, signal: stop }), undefined);
  });
});

import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectEngine, engineError, isUnreachable, request } from "./engine.js";
import { temporaryFolder } from "./testing.js";

describe("connectEngine", () => {
  const folder = temporaryFolder();
  const given = { host: process.env.DOCKER_HOST, path: process.env.PATH };

  /** A docker client that knows this context, or that fails. */
  function client(script: string): void {
    writeFileSync(join(folder, "docker"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, "docker"), 0o755);
    process.env.PATH = `${folder}:${given.path}`;
  }

  beforeEach(() => {
    delete process.env.DOCKER_HOST;
  });
  afterEach(() => {
    process.env.PATH = given.path;
    if (given.host === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = given.host;
  });

  it("takes DOCKER_HOST, and asks no client then", async () => {
    client("exit 1");
    process.env.DOCKER_HOST = "unix:///nowhere/docker.sock";
    assert.equal((await connectEngine()).address, "unix:///nowhere/docker.sock");
  });

  it("takes the current context", async () => {
    const context = [{ Name: "far", Endpoints: { docker: { Host: "tcp://far.example:2376" } }, Storage: {} }];
    client(`[ "$*" = "context inspect" ] && echo '${JSON.stringify(context)}'`);
    assert.equal((await connectEngine()).address, "tcp://far.example:2376");
  });

  it("says why the context cannot be read", async () => {
    client('echo "context \\"gone\\" does not exist" >&2; exit 1');
    await assert.rejects(connectEngine(), {
      message: 'the current docker context cannot be read: context "gone" does not exist',
    });
  });

  it("takes the usual socket without a client", async () => {
    process.env.PATH = folder.replace(/$/, "/nothing");
    assert.equal((await connectEngine()).address, "unix:///var/run/docker.sock");
  });

  it("gives an error that names an engine that is down, and the ways out", async () => {
    process.env.DOCKER_HOST = `unix://${folder}/docker.sock`;
    const engine = await connectEngine();
    const error = await request(engine, "/version").catch((thrown: unknown) => engineError(thrown, engine));
    assert.ok(error instanceof Error);
    assert.ok(isUnreachable(engineError(error, engine)));
    assert.match(
      error.message,
      /docker\.sock cannot be reached \(ENOENT\): start it, or name another with DOCKER_HOST/,
    );
  });
});

import assert from "node:assert/strict";
import { build as bundle } from "esbuild";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { tryDocker } from "../harness/docker.js";
import { buildExample, exampleFolder } from "../harness/example.js";
import { lab, labImage, needsDocker } from "../harness/lab.js";
import { SystemContainer } from "../harness/system-container.js";
import { dindImage } from "./dind-image.js";

/** The suite and the testcontainers library, as one program. */
async function suiteProgram(): Promise<string> {
  const { outputFiles } = await bundle({
    entryPoints: [`${exampleFolder("testcontainers")}/redis.test.js`],
    bundle: true,
    platform: "node",
    format: "cjs",
    write: false,
    // The library's SSH client does without its parts in C++.
    external: ["*.node", "cpu-features"],
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}

/** An image with Node, which Larder's own image has. */
async function buildNode(tag: string): Promise<void> {
  const copied = `COPY --from=${lab.frontend} /usr/local/bin/node /usr/local/bin/\n`;
  await build({ larder: false, dockerfile: `FROM ${labImage("debian:forky")}\n${copied}`, tag });
}

describe("examples: testcontainers", () => {
  const tag = "e2e-example-testcontainers:latest";
  const node = "e2e-example-testcontainers:node";
  after(cleanUp);

  it("the suite runs against an inner Docker without a network, and asks for no pull", async function () {
    needsDocker(this, "29.9");
    await buildExample("testcontainers", { SYSTEM: await dindImage("29.9"), REGISTRY: lab.registry }, tag);
    const env = { DOCKER_TLS_CERTDIR: "" };
    await buildNode(node);
    // The daemon's log has each request.
    const container = await SystemContainer.start(tag, { env, command: ["--tls=false", "--debug"] });
    const suite = {
      DOCKER_HOST: "tcp://localhost:2375",
      TESTCONTAINERS_RYUK_DISABLED: "true",
      REGISTRY: lab.registry,
    };
    const variables = Object.entries(suite).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    const run = ["run", "--rm", "--interactive", "--network", `container:${container.id}`, ...variables];
    const command = [...run, "--entrypoint", "node", node, "-"];
    const { status, stdout, stderr } = await tryDocker(command, { input: await suiteProgram() });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^# pass [1-9]|ℹ pass [1-9]/m);
    const log = await container.logs();
    const requests = [...log.matchAll(/"handling POST request".* request-url="?(?:\/v[\d.]+)?(\/[\w/]+)/g)];
    const created = requests.map(([, path = ""]) => path).filter((path) => path.endsWith("/create"));
    assert.deepEqual(created, ["/containers/create", "/containers/create"]);
  });
});

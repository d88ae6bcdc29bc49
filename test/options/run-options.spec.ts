import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { output } from "../harness/command.js";
import { engineNames, lab, labImage } from "../harness/lab.js";
import { buildPlan } from "../harness/plan.js";
import { registryImage } from "../harness/registry-image.js";
import { downloads, RegistryProxy } from "../inner-docker/registry-proxy.js";
import { printed, ran } from "./steps.js";

const proxy = "http://proxy.example:3128";
const [registryHost = ""] = lab.registry.split(":");
const show = `RUN --mount=type=secret,id=word --mount=type=ssh <<SHOW
echo "secret $(cat /run/secrets/word)"
test -S "$SSH_AUTH_SOCK" && echo "an agent's socket"
grep -o '.*larder-host' /etc/hosts
echo "files $(ulimit -n)"
df -k --output=size /dev/shm | tail -n 1
echo "proxy $HTTP_PROXY $http_proxy $NO_PROXY"
echo "host $(hostname)"
ls /sys/class/net
SHOW
`;
const shown = [
  "secret hush",
  "an agent's socket",
  "10.9.8.7\tlarder-host",
  "files 1234",
  "32768",
  `proxy ${proxy} ${proxy} ${registryHost}`,
  "host larder-builder",
  "lo",
];

for (const engine of engineNames) {
  describe(`options for RUN hold above and below a PRELOAD (${engine})`, () => {
    let folder: string;
    let agent: Server;
    let log: string;
    let config: string;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "larder-run-"));
      writeFileSync(join(folder, "word"), "hush\n");
      // No step connects to it.
      agent = createServer((socket) => socket.destroy()).listen(join(folder, "agent"));
      const tag = labImage(`e2e/options-run:${engine}`);
      const args = [
        `--secret=id=word,src=${folder}/word`,
        `--ssh=default=${folder}/agent`,
        "--add-host=larder-host:10.9.8.7",
        "--ulimit=nofile=1234:2345",
        "--shm-size=32m",
        "--network=none",
        `--build-arg=HTTP_PROXY=${proxy}`,
        `--build-arg=NO_PROXY=${registryHost}`,
        "--build-arg=BUILDKIT_SANDBOX_HOSTNAME=larder-builder",
        "--no-cache",
        "--push",
      ];
      const dockerfile = `FROM ${lab.system}\n${show}PRELOAD ${labImage("busybox:1")}\n${show}`;
      log = await build({ engine, dockerfile, tag, args });
      const inspect = ["inspect", "--tls-verify=false", "--config", "--raw", `docker://${tag}`];
      config = await output(lab.skopeo, inspect);
    });
    after(() => {
      agent.close();
      rmSync(folder, { recursive: true });
    });

    it("secrets, an SSH agent, hosts, limits, shared memory, proxies, no network", () => {
      const lines = printed(log, "RUN --mount=type=secret").map((line) => line.trim());
      assert.deepEqual(lines, [...shown, ...shown]);
    });

    it("the images are fetched all the same without a network for RUN", () => {
      assert.ok(ran(log, "[larder] fetch"), log);
    });

    it("nothing of it is in the image", () => {
      assert.ok(config.includes("PRELOAD"));
      for (const word of [proxy, "hush", "10.9.8.7"]) assert.ok(!config.includes(word), config);
    });
  });
}

describe("the build's own network", () => {
  it("is also that of the fetch step, if it is the host's", async () => {
    const dockerfile = `FROM ${lab.system}\nPRELOAD ${labImage("busybox:1")}\n`;
    const { plan } = await buildPlan({ dockerfile, args: ["--network=host"] });
    assert.deepEqual(
      plan.cuts[0]?.images.map(({ network }) => network),
      ["host"],
    );
  });
});

describe("build arguments for proxies", () => {
  after(cleanUp);

  it("apply to the fetch step, too", async () => {
    const proxy = await RegistryProxy.start();
    const pause = labImage("pause:3");
    const args = ["--no-cache", `--build-arg=HTTP_PROXY=${proxy.address}`, "--output=type=cacheonly"];
    await build({ dockerfile: `FROM ${lab.system}\nPRELOAD ${pause}\n`, args });
    const { blobs } = await registryImage(pause);
    const asked = downloads(await proxy.requests());
    for (const blob of blobs) assert.ok(asked.includes(blob), `${blob} is not among ${asked.join(", ")}`);
  });
});

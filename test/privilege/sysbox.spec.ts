import assert from "node:assert/strict";
import { refusal } from "../errors/refused.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { type EngineOptions, tryDocker } from "../harness/docker.js";
import { dockerStage, lab, labImage, needsDocker } from "../harness/lab.js";
import { PrivateEngine } from "../harness/private-engine.js";
import { pushInnerImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { shelfOf } from "./shelf.js";
import { waysOut } from "./ways-out.js";

const python = labImage("python:3");

/** The lab's stand-in for sysbox-runc is the runtime of build steps, and security.insecure is refused. */
describe("privilege: a builder with sysbox-runc", () => {
  const tag = labImage("e2e/privilege:sysbox");
  let engine: NonNullable<EngineOptions["engine"]>;
  /** With whiteouts, a file capability, odd names and the rest. */
  let odd: string;
  let dockerfile: string;

  before(async () => {
    const options = ["--store", "containerd", "--build-runtime", "larder-userns", "--no-insecure"];
    const started = await Promise.all([
      PrivateEngine.start("e2e-sysbox", ...options),
      pushInnerImage("privilege-odd", new URL("../exact-files/Dockerfile", import.meta.url)),
    ]);
    engine = started[0].host;
    odd = started[1].reference;
    dockerfile = `FROM ${lab.system}\nPRELOAD ${python} ${odd}\nRUN echo below\n`;
  });
  after(cleanUp);

  it("a step of the build is in a user namespace", async () => {
    const map = `FROM ${labImage("busybox:1")}\nRUN cat /proc/self/uid_map\n`;
    const log = await build({ engine, larder: false, allowInsecure: false, dockerfile: map });
    assert.match(log, /^#\d+ \d+\.\d+ +0 +0 +65536$/m);
  });

  for (const [choice, ...args] of [
    ["auto", "--push"],
    // With a stock step of its own.
    ["sysbox", "--no-cache", "--output=type=cacheonly"],
  ] as const) {
    it(`LARDER_SECURITY=${choice} builds without --allow`, async () => {
      const security = ["--build-arg", `LARDER_SECURITY=${choice}`];
      const log = await build({
        engine,
        dockerfile,
        tag,
        allowInsecure: false,
        args: [...security, ...args],
      });
      assert.match(log, /loaded layer \d+ /);
    });
  }

  it("its layers are those of a build with security.insecure", async () => {
    const insecure = labImage("e2e/privilege:insecure");
    const args = ["--push", "--build-arg", "LARDER_SECURITY=insecure"];
    await build({ dockerfile, tag: insecure, args });
    const [ours, theirs] = await Promise.all([shelfOf(tag), shelfOf(insecure)]);
    assert.ok(ours.length > 3, JSON.stringify(ours));
    assert.deepEqual(ours, theirs);
  });

  it("the inner images run in its system container", async () => {
    assert.equal((await tryDocker(["pull", "--quiet", tag], { engine })).status, 0);
    const container = await SystemContainer.start(tag, { engine });
    assert.equal(await container.inner("run", "--rm", python, "python3", "-c", "print(6 * 7)"), "42\n");
    assert.equal(await container.inner("run", "--rm", odd, "echo", "odd"), "odd\n");
    await container.remove();
  });

  for (const { version, store } of [
    { store: "containerd" },
    { version: "28.5", store: "containerd" },
    { version: "29.9", store: "containerd" },
    { version: "29.9", store: "overlay2" },
  ] as const) {
    it(`the same for ${version ? `Docker ${version} with ${store}` : "a containerd"}`, async function () {
      if (version) needsDocker(this, version);
      const daemon = version ? "docker" : "containerd";
      const base = version ? dockerStage(version, store) : `FROM ${labImage("containerd:2.1")}\n`;
      const text = `${base}PRELOAD ${odd}\n`;
      const name = labImage(`e2e/privilege-${daemon}${version ?? ""}-${store}`);
      const [own, insecure] = [`${name}:sysbox`, `${name}:insecure`];
      const log = await build({ engine, dockerfile: text, tag: own, allowInsecure: false, args: ["--push"] });
      assert.match(log, store === "containerd" ? /unpacked layer \d+ / : /loaded layer \d+ /);
      await build({ dockerfile: text, tag: insecure, args: ["--push"] });
      const [ours, theirs] = await Promise.all([shelfOf(own), shelfOf(insecure)]);
      assert.equal(
        ours.some(([line]) => line.includes("blob of layer")),
        store === "containerd",
        JSON.stringify(ours),
      );
      assert.deepEqual(ours, theirs);
      assert.equal((await tryDocker(["pull", "--quiet", own], { engine })).status, 0);
      const container = await SystemContainer.start(own, {
        engine,
        daemon,
        args: ["--runtime", "larder-userns"],
      });
      const run =
        daemon === "docker"
          ? ["docker", "run", "--rm", odd]
          : ["ctr", "run", "--rm", "--user", "0", odd, "c"];
      assert.match(
        await container.exec(...run, "sh", "-c", "ls -a /odd/again /odd/to-dir"),
        /:\n\.\n\.\.\nnew\nsub\n/,
      );
      await container.remove();
    });
  }

  it("LARDER_SECURITY=insecure is refused: the three ways out", async () => {
    const shows = `PRELOAD ${python} ${odd}`;
    const args = ["--build-arg", "LARDER_SECURITY=insecure"];
    const refused = await refusal({ engine, dockerfile, shows, allowInsecure: false, args });
    assert.ok(refused.message.startsWith(`PRELOAD: images "${python}", "${odd}": `), refused.message);
    assert.match(refused.message, waysOut);
  });
});

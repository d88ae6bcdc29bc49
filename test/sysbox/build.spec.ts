import assert from "node:assert/strict";
import { refusal } from "../errors/refused.js";
import { assertSame, exactly } from "../exact-files/same.js";
import { build } from "../harness/build.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker, type EngineOptions } from "../harness/docker.js";
import { listImage } from "../harness/file-listing.js";
import { engineNames, lab, labImage, needsDocker } from "../harness/lab.js";
import { PrivateEngine } from "../harness/private-engine.js";
import { pushInnerImage, type RegistryImage, registryImage } from "../harness/registry-image.js";
import { sysbox } from "../harness/sysbox.js";
import { SystemContainer } from "../harness/system-container.js";
import { dockerfileOf, type System, systems } from "./systems.js";

type Engine = NonNullable<EngineOptions["engine"]>;

for (const kind of engineNames) {
  describe(`sysbox: a builder with sysbox-runc, ${kind}`, () => {
    let engine: Engine;
    let odd: RegistryImage;
    const tagOf = ({ name }: System, by: "sysbox" | "insecure") =>
      labImage(`e2e/sysbox-${name}:${kind}-${by}`);

    before(async () => {
      // One of them forbids security.insecure, like most builders.
      const options = kind === "containerd" ? ["--no-insecure"] : [];
      const runtime = ["--build-runtime", "larder-sysbox"];
      const [started, pushed] = await Promise.all([
        PrivateEngine.start(`e2e-sysbox-${kind}`, "--store", kind, ...runtime, ...options),
        pushInnerImage("sysbox-odd", new URL("Dockerfile", import.meta.url)),
      ]);
      engine = started.host;
      odd = pushed;
    });
    after(cleanUp);

    it("a step of the build is in a user namespace", async () => {
      const map = `FROM ${labImage("busybox:1")}\nRUN cat /proc/self/uid_map\n`;
      const log = await build({ engine, larder: false, allowInsecure: false, dockerfile: map });
      assert.match(log, /^#\d+ \d+\.\d+ +0 +165536 +65536$/m);
    });

    for (const system of systemsOn(kind)) {
      it(`${system.name}: is built without --allow`, async function () {
        if (system.version) needsDocker(this, system.version);
        const dockerfile = await dockerfileOf(system, odd.reference);
        // All others leave the choice to Larder.
        const isAsked = system.name === "systemd";
        const asked = ["--build-arg", "LARDER_SECURITY=sysbox", "--no-cache"];
        const args = ["--push", ...(isAsked ? asked : [])];
        await build({ engine, dockerfile, tag: tagOf(system, "sysbox"), allowInsecure: false, args });
      });

      it(`${system.name}: its layers are those of a build with security.insecure`, async function () {
        if (system.version) needsDocker(this, system.version);
        const dockerfile = await dockerfileOf(system, odd.reference);
        const tag = tagOf(system, "insecure");
        await build({ engine: kind, dockerfile, tag, via: "daemon", args: ["--push"] });
        const [ours, theirs] = await Promise.all([
          sameLayers(tagOf(system, "sysbox"), system),
          sameLayers(tagOf(system, "insecure"), system),
        ]);
        assert.ok(ours.length >= 5, JSON.stringify(ours));
        assert.deepEqual(ours, theirs);
      });

      it(`${system.name}: no file belongs to nobody`, async function () {
        if (system.version) needsDocker(this, system.version);
        const find =
          "find / -xdev -path /usr/lib/larder/layers -prune -o \\( -nouser -o -uid 65534 -o -gid 65534 \\) -print";
        const flags = ["run", "--rm", "--pull=always", "--quiet", "--network=none", "--entrypoint", "sh"];
        assert.equal(await docker([...flags, tagOf(system, "sysbox"), "-c", find], { engine }), "");
      });

      it(`${system.name}: the inner images run in its system container, with their files`, async function () {
        if (system.version) needsDocker(this, system.version);
        const { daemon } = system;
        const container = await SystemContainer.start(tagOf(system, "sysbox"), {
          engine,
          daemon,
          privilege: sysbox,
        });
        const ls = ["sh", "-c", "ls -a /odd/again"];
        const run = (image: string) =>
          daemon === "docker"
            ? container.inner("run", "--rm", "--network=none", image, ...ls)
            : container.ctr("default", "run", "--rm", "--user", "0", image, "c", ...ls);
        assert.equal(await run("example.com/app:1"), ".\n..\nnew\n");
        assert.equal(await run("example.com/changed:1"), ".\n..\n");
        if (daemon === "docker") {
          const [inner, outer] = await Promise.all([
            listImage(odd.reference, { engine, inside: container }),
            // An engine with graph drivers would use its own image instead of the registry's in later builds.
            listImage(exactly(odd), { engine: "containerd" }),
          ]);
          assertSame(inner, outer);
        } else assert.equal(await run(odd.reference), ".\n..\nnew\n");
        await container.remove();
      });
    }

    it("--network=host is refused: the way out", async () => {
      const dockerfile = `FROM ${lab.system}\nPRELOAD --network=host ${odd.reference}\n`;
      const shows = `PRELOAD --network=host ${odd.reference}`;
      const args = ["--allow", "network.host", "--no-cache"];
      const refused = await refusal({ engine, dockerfile, shows, allowInsecure: false, args });
      assert.match(
        refused.message,
        /under sysbox-runc, which does not share that network; leave out --network=host/,
      );
    });

    it("LARDER_SECURITY=insecure is refused: the way out", async () => {
      const dockerfile = `FROM ${lab.system}\nPRELOAD ${odd.reference}\n`;
      const allowInsecure = kind === "graph";
      const args = ["--build-arg", "LARDER_SECURITY=insecure"];
      const refused = await refusal({
        engine,
        dockerfile,
        shows: `PRELOAD ${odd.reference}`,
        allowInsecure,
        args,
      });
      assert.match(refused.message, /under sysbox-runc, .*leave out --build-arg LARDER_SECURITY=insecure/);
    });
  });
}

/** Docker 29 is built on one of the builders: their differences do not concern the stage. */
function systemsOn(kind: string): readonly System[] {
  return systems.filter(({ version }) => version === undefined || kind === "containerd");
}

/**
 * Histories and diffIDs of the layers that all builds make equally. A RUN is no such layer, since sysbox-runc leaves
 * its directories in it. The databases of containerd contain the time of the build, and Docker 26.1, in the image with
 * systemd, counts the bytes of a layer differently in a user namespace.
 */
async function sameLayers(
  reference: string,
  { name, store }: System,
): Promise<readonly (readonly [string, string])[]> {
  const { history, diffIds } = await registryImage(reference);
  return history
    .filter((entry) => entry.empty_layer !== true)
    .map(({ created_by = "" }, index) => [created_by, diffIds[index] ?? ""] as const)
    .filter(([line]) => line.startsWith("PRELOAD ") && !line.startsWith("PRELOAD example.com/changed:1, "))
    .filter(([line]) => (store === "overlay2" && name !== "systemd") || !line.endsWith(", catalog"));
}

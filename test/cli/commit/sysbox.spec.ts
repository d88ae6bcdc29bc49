import assert from "node:assert/strict";
import { skip } from "../../../src/testing.js";
import { assertSame } from "../../exact-files/same.js";
import { build } from "../../harness/build.js";
import { cleanUp } from "../../harness/cleanup.js";
import { docker } from "../../harness/docker.js";
import { type FileListing, listImage, listUnpacked } from "../../harness/file-listing.js";
import { type EngineName, engineNames } from "../../harness/lab.js";
import { sysbox } from "../../harness/sysbox.js";
import { SystemContainer, type SystemOptions } from "../../harness/system-container.js";
import { commit, type Inner, innerImages, list, load, pull, type System, systems } from "./systems.js";

/** sysbox-runc covers a part of containerd's root with a directory of the host: the rest is in the container's layer. */
const cases: readonly (readonly [EngineName, string])[] = [
  ["containerd", "containerd"],
  ["graph", "containerd"],
  ["containerd", "overlay2"],
  ["graph", "docker-containerd"],
];

for (const [engine, name] of cases) {
  const system = systems.find((one) => one.name === name) as System;
  describe(`larder commit, ${name} (${engine}): under sysbox-runc, without a volume`, () => {
    const tag = `e2e-commit-sysbox-${name}:2`;
    const options: SystemOptions = { engine, daemon: system.daemon, privilege: sysbox };
    let inner: Inner;
    let original: SystemContainer;
    let next: SystemContainer;

    before(async function () {
      if (!engineNames.includes(engine)) skip(this, `there is no engine "${engine}"`);
      inner = await innerImages();
      const first = `e2e-commit-sysbox-${name}:1`;
      await build({
        engine,
        larder: false,
        allowInsecure: false,
        tag: first,
        dockerfile: withoutVolume(system),
      });
      original = await SystemContainer.start(first, { ...options, network: "bridge" });
      await pull(system, original, inner.pulled);
      await load(system, original, inner.loaded, engine);
      await original.exec("sh", "-c", "echo by hand >/opt/by-hand");
      // Sysbox leaves the data root in the container's own files then.
      await docker(["stop", "--time", "5", original.id], { engine });
      await docker(["start", original.id], { engine });
      await original.ready();
      await commit(original, tag, [], engine);
      next = await SystemContainer.start(tag, options);
    });
    after(cleanUp);

    it("lists the same images, which are linked", async () => {
      assert.match(await next.logs(), /^larder: attached 2 images \(\d layers\) to .* by link/m);
      assert.deepEqual(await list(system, next), await list(system, original));
    });

    it("has the files of the image that was loaded, and the container's own", async () => {
      const of = (inside: SystemContainer): Promise<FileListing> =>
        system.daemon === "docker"
          ? listImage(inner.loaded.reference, { engine, inside })
          : listUnpacked(inside, "default", inner.loaded.reference, engine);
      const [ours, theirs] = await Promise.all([of(next), of(original)]);
      assertSame(ours, theirs);
      assert.equal(await next.exec("cat", "/opt/by-hand"), "by hand\n");
    });

    it("has no data root in its layers", async () => {
      const files = await listImage(tag, { engine });
      const root = system.daemon === "docker" ? "var/lib/docker/" : "var/lib/containerd/";
      assert.deepEqual(
        [...files.keys()].filter((path) => path.startsWith(root)),
        [],
      );
    });
  });
}

function withoutVolume({ base, daemon }: System): string {
  return `${base.replace(/^(FROM \S+)/, "$1 AS base")}
FROM scratch
COPY --from=base / /
RUN rm -rf /var/lib/${daemon}/*
ENTRYPOINT ["system-entrypoint"]
CMD ["sleep", "infinity"]
`;
}

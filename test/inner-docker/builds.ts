import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { skip } from "../../src/testing.js";
import { docker } from "../harness/docker.js";
import { inspect } from "./looks.js";
import { saveImages } from "./saved-image.js";
import type { InnerSystem, Running } from "./systems.js";

/** The lab's own buildx. Debian has it only in its newest suite, and it needs nothing but a C library. */
export const innerBuildx = `${process.env.LARDER_LAB_DIR}/root/usr/libexec/docker/cli-plugins/docker-buildx`;

export function buildsOnIt({ version, store }: InnerSystem, running: () => Running): void {
  for (const builder of ["legacy builder", "BuildKit"]) {
    it(`docker build FROM a preloaded image, by the ${builder}`, async function () {
      const { images, preloaded } = running();
      const buildkit = builder === "BuildKit";
      if (buildkit && version !== "20.10") {
        if (!existsSync(innerBuildx)) skip(this, `the lab has no ${innerBuildx} for Docker ${version}`);
        const plugins = "/usr/local/lib/docker/cli-plugins";
        await preloaded.exec("mkdir", "-p", plugins);
        await docker(["cp", "--quiet", innerBuildx, `${preloaded.id}:${plugins}/docker-buildx`]);
      }
      const tag = `built:${buildkit ? 2 : 1}`;
      const lines = [
        `FROM ${images.one.reference}`,
        'RUN ["/bin/sh", "-c", "rm /data/one && echo built >/data/built"]',
        'CMD ["cat built; ls"]',
      ];
      const command = `mkdir -p /b && printf '%s\\n' "$@" >/b/Dockerfile && docker build --network none -t ${tag} /b`;
      // With attestations, the image would be an index.
      const settings = [`DOCKER_BUILDKIT=${buildkit ? 1 : 0}`, "BUILDX_NO_DEFAULT_ATTESTATIONS=1"];
      await preloaded.exec("env", ...settings, "sh", "-c", command, "sh", ...lines);
      assert.equal(await preloaded.inner("run", "--rm", "--network", "none", tag), "built\nbuilt\nnew\n");
      const { Layers: layers } = (await inspect(preloaded, tag)).RootFS;
      assert.equal(layers.length, images.one.diffIds.length + 1);
      assert.deepEqual(layers.slice(0, -1), images.one.diffIds, "it stands on the preloaded layers");
      const [saved] = await saveImages(preloaded, tag);
      const expected = store.savedLayers({ ...images.one, diffIds: layers });
      assert.deepEqual(
        saved?.layers.slice(0, expected.length),
        expected,
        "docker save of what was built has the layers that were there",
      );
      assert.equal(saved?.layers.length, layers.length);
    });
  }
}

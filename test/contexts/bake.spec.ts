import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registryConfig } from "../from/fixture.js";
import { cleanUp } from "../harness/cleanup.js";
import { docker } from "../harness/docker.js";
import { buildkitd, engineNames, lab, labImage } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";

const busybox = labImage("busybox:1");
const pause = labImage("pause:3");
const baseDockerfile = `# syntax=${lab.frontend}
FROM ${lab.system}
ARG IMAGE
ONBUILD RUN echo trigger >/trigger
PRELOAD ${lab.registry}/$IMAGE
ENV BASE=base
`;
const appDockerfile = `# syntax=${lab.frontend}
FROM base
PRELOAD --list=images.txt
RUN echo "$BASE" >/app
`;

interface BakedConfig {
  readonly Env: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly OnBuild?: readonly string[];
}

async function bakedConfig(tag: string): Promise<BakedConfig> {
  const { Env, Labels, OnBuild } = (await registryConfig(tag)).config;
  return { Env, Labels, OnBuild } as BakedConfig;
}

describe("docker buildx bake", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "larder-bake-"));
    writeFileSync(join(folder, "base.Dockerfile"), baseDockerfile);
    writeFileSync(join(folder, "images.txt"), `${pause}\n`);
  });
  after(async () => {
    await cleanUp();
    rmSync(folder, { recursive: true });
  });

  for (const engine of engineNames) {
    const tag = labImage(`e2e/bake:${engine}`);

    it(`builds a target FROM another, both with PRELOAD (${engine})`, async () => {
      const entitlements = ["network.host"];
      const target = { context: folder, entitlements, attest: ["type=provenance,disabled=true"] };
      const file = {
        target: {
          base: { ...target, dockerfile: "base.Dockerfile", args: { IMAGE: "busybox:1" } },
          app: {
            ...target,
            "dockerfile-inline": appDockerfile,
            contexts: { base: "target:base" },
            tags: [tag],
            output: ["type=image,push=true"],
          },
        },
      };
      const allowed = [...entitlements, `fs.read=${folder}`].flatMap((name) => ["--allow", name]);
      const bake = ["buildx", "bake", "--progress", "plain", ...allowed, "--file", "-", "app"];
      await docker(bake, { engine, input: JSON.stringify(file) });
      if (buildkitd) await docker(["pull", "--quiet", tag], { engine });

      // An engine that has some of the layers in another compression shows a pulled image without its config.
      const config = await bakedConfig(tag);
      const distinct = new Set(
        (await Promise.all([busybox, pause].map(registryImage))).flatMap(({ diffIds }) => diffIds),
      );
      assert.deepEqual(JSON.parse(config.Labels["io.larder.preload"] ?? ""), {
        version: 2,
        layers: distinct.size,
      });
      assert.ok(config.Env.includes("BASE=base"), JSON.stringify(config));
      assert.ok(!config.OnBuild?.length, JSON.stringify(config));
      const container = await SystemContainer.start(tag, { engine });
      const images = await container.inner("image", "ls", "--no-trunc", "--format", "{{.ID}}");
      const expected = await Promise.all([busybox, pause].map(registryImage));
      assert.deepEqual(images.trim().split("\n").sort(), expected.map(({ imageId }) => imageId).sort());
      assert.equal(await container.exec("cat", "/app", "/trigger"), "base\ntrigger\n");
      await container.remove();
    });
  }
});

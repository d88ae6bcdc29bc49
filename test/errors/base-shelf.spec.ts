import assert from "node:assert/strict";
import { build } from "../harness/build.js";
import { docker } from "../harness/docker.js";
import { dockerStage, lab, labImage } from "../harness/lab.js";
import { registryImage } from "../harness/registry-image.js";
import { SystemContainer } from "../harness/system-container.js";
import { refusal } from "./refused.js";

const busybox = labImage("busybox:1");
const redis = labImage("redis:latest");
const shelf = "/usr/lib/larder";

/** A base image with a shelf that was changed afterwards. */
describe("errors: the shelf of a base image", () => {
  let folder: string;
  before(async () => {
    const [bottom = ""] = (await registryImage(busybox)).diffIds;
    folder = `${shelf}/layers/${bottom.replace("sha256:", "")}`;
  });

  for (const store of ["overlay2", "containerd"] as const) {
    const stage = dockerStage("28.5", store);

    it(`as PRELOAD left it: it is accepted, and no layer comes twice (${store})`, async () => {
      const dockerfile = `${stage}PRELOAD ${busybox}\nENV PRELOAD=done\nPRELOAD ${busybox} ${redis}\n`;
      await build({ dockerfile, tag: "e2e-base-shelf" });
      const history = await docker(["history", "--no-trunc", "--format", "{{.CreatedBy}}", "e2e-base-shelf"]);
      const layers = history.split("\n").filter((line) => / layer \d+ of \d+, /.test(line));
      const inner = await Promise.all([busybox, redis].map(registryImage));
      assert.equal(
        layers.length,
        new Set(inner.flatMap(({ diffIds }) => diffIds)).size +
          (store === "overlay2" ? 0 : new Set(inner.flatMap(({ blobs }) => blobs)).size),
      );
      const container = await SystemContainer.start("e2e-base-shelf");
      assert.equal(await container.inner("run", "--rm", busybox, "echo", "inner"), "inner\n");
      await container.remove();
    });

    it(`changed: a file, and the store is ${store}`, async () => {
      const preload = `PRELOAD ${redis} ${busybox}`;
      const change = `RUN echo forged >>${folder}/fs/bin/busybox`;
      const dockerfile = `${stage}PRELOAD ${busybox}\n${change}\n${preload}\n`;
      assert.match((await refusal({ dockerfile, shows: preload })).message, /has other files/);
    });
  }

  it("a forged label: the layers are there nevertheless", async () => {
    const { diffIds, digest } = await registryImage(busybox);
    const label = JSON.stringify([{ reference: busybox, digest, platform: "linux/amd64", layers: diffIds }]);
    const dockerfile = `FROM ${lab.system}\nLABEL io.larder.preload='${label}'\nPRELOAD ${busybox}\n`;
    await build({ dockerfile, tag: "e2e-base-label" });
    const container = await SystemContainer.start("e2e-base-label");
    assert.equal(await container.inner("run", "--rm", busybox, "echo", "inner"), "inner\n");
    await container.remove();
  });

  const refused = async (change: () => string): Promise<string> => {
    const preload = `PRELOAD ${redis} ${busybox}`;
    const dockerfile = `FROM ${lab.system} AS base\nPRELOAD ${busybox}\nFROM base\n${change()}\n${preload}\n`;
    return (await refusal({ dockerfile, shows: preload })).message;
  };

  const changes: [name: string, change: () => string, message: RegExp][] = [
    [
      "a file",
      () => `RUN echo forged >>${folder}/fs/bin/busybox`,
      /layer sha256:\w+ is on the shelf of the stage's base image, and its .* has other files: it was changed after/,
    ],
    [
      "a mode",
      () => `RUN chmod 700 ${folder}/fs/bin`,
      /has other files: it was changed after its PRELOAD; build FROM/,
    ],
    ["one file more", () => `RUN touch ${folder}/fs/new`, /has other files/],
    ["a layer that is gone", () => `RUN rm -r ${folder}`, /is missing: it was changed after its PRELOAD/],
    [
      "a link in a directory's place",
      () => `RUN mv ${shelf}/layers /opt && ln -s /opt/layers ${shelf}/layers`,
      /stage's \/usr\/lib\/larder\/layers is not a directory/,
    ],
    [
      "preload.json of another form",
      () => `RUN echo '{}' >${shelf}/preload.json`,
      /the base image's \/usr\/lib\/larder\/preload.json is none of Larder's \(it has no version\)/,
    ],
    [
      "preload.json of a later Larder",
      () => `RUN echo '{"version":2}' >${shelf}/preload.json`,
      /preload.json is of version 2, made by a later Larder/,
    ],
    [
      "the label of a later Larder",
      () => `LABEL io.larder.preload='{"version":3}'`,
      /^PRELOAD: the stage's base image was made by a later Larder/,
    ],
    [
      "a label of another form",
      () => "LABEL io.larder.preload=yes",
      /^PRELOAD: the label io.larder.preload of the stage is none of Larder's: yes; say LABEL/,
    ],
  ];
  for (const [name, change, message] of changes) {
    it(`changed: ${name}`, async () => {
      const said = await refused(change);
      assert.match(said, message);
      assert.doesNotMatch(said, /\n/);
    });
  }
});

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { chooseDockerStore } from "./docker-store.js";
import { surveyStage } from "./survey.js";
import { dockerCases } from "./testing.js";

describe("the store that Docker will use, by the stage's files", () => {
  let stage = "";
  beforeEach(() => {
    stage = mkdtempSync(`${tmpdir()}/larder-stage-`);
    mkdirSync(`${stage}/etc/docker`, { recursive: true });
    mkdirSync(`${stage}/usr/bin`, { recursive: true });
  });
  afterEach(() => rmSync(stage, { recursive: true }));
  const configure = (text: string) => writeFileSync(`${stage}/etc/docker/daemon.json`, text);

  for (const [title, { version, args = [], env = {}, config, holds = [], uses }] of Object.entries(
    dockerCases,
  )) {
    it(title, async () => {
      if (config) configure(typeof config === "string" ? config : JSON.stringify(config));
      for (const name of holds) mkdirSync(`${stage}/data/${name}/something`, { recursive: true });
      const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      const major = Number.parseInt(version, 10) || 99;
      const chosen = chooseDockerStore(stage, variables, ["--data-root=/data", ...args], major);
      if (uses instanceof RegExp)
        await assert.rejects(chosen, /^LarderError: the stage's Docker .*: (leave|start)/);
      else assert.equal((await chosen).primary, uses);
    });
  }

  it("is also the other one since Docker 23", async () => {
    assert.deepEqual(await chooseDockerStore(stage, [], [], 20), { primary: "overlay2" });
    assert.deepEqual(await chooseDockerStore(stage, [], [], 23), { primary: "overlay2", also: "containerd" });
    assert.deepEqual(await chooseDockerStore(stage, [], [], 29), { primary: "containerd", also: "overlay2" });
  });

  it("is not told by a daemon.json that is none", async () => {
    for (const text of ["{", "[]", '{"storage-driver":1}']) {
      configure(text);
      await assert.rejects(
        chooseDockerStore(stage, [], [], 29),
        /the stage's \/etc\/docker\/daemon\.json .*mend it/,
      );
    }
  });

  it("is in a survey with the manager and Docker's version", async () => {
    const moby = "\x7fELF github.com/moby/moby/v2/daemon containerd-snapshotter";
    await assert.rejects(
      surveyStage(stage, [], {}),
      /no container manager .*if it comes later, name it: --store=/,
    );
    assert.deepEqual(await surveyStage(stage, [], { manager: "docker" }), {
      manager: "docker",
      stores: ["containerd", "overlay2"],
    });
    assert.deepEqual(await surveyStage(stage, [], { manager: "docker", dockerStore: "overlay2" }), {
      manager: "docker",
      stores: ["overlay2"],
    });
    writeFileSync(`${stage}/usr/bin/containerd`, "", { mode: 0o755 });
    writeFileSync(`${stage}/usr/bin/podman`, "", { mode: 0o755 });
    const podman = { directory: "/usr/bin", program: "/usr/bin/podman" };
    assert.deepEqual(await surveyStage(stage, [], {}), {
      manager: "podman",
      stores: ["podman"],
      daemon: podman,
    });
    assert.equal((await surveyStage(stage, [], { manager: "containerd" })).manager, "containerd");
    writeFileSync(`${stage}/usr/bin/dockerd`, moby, { mode: 0o755 });
    assert.equal((await surveyStage(stage, [], { manager: "podman" })).manager, "podman");
    mkdirSync(`${stage}/usr/lib/systemd/system`, { recursive: true });
    writeFileSync(
      `${stage}/usr/lib/systemd/system/docker.service`,
      '[Service]\nExecStart=/usr/bin/dockerd -H fd:// "--feature" containerd-snapshotter=false\n',
    );
    assert.deepEqual(await surveyStage(stage, [], {}), {
      manager: "docker",
      stores: ["overlay2", "containerd"],
      dockerVersion: "29 or later",
      daemon: { directory: "/usr/bin", program: "/usr/bin/dockerd" },
    });
  });
});

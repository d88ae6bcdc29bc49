import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import type { StockJob } from "../job.js";
import { findManager } from "./manager.js";

const job: StockJob = { kind: "stock", images: [], layers: [], env: ["PATH=/bin"] };

describe("which container manager takes the images in", () => {
  let stage = "";
  beforeEach(() => {
    stage = mkdtempSync(`${tmpdir()}/larder-stage-`);
    mkdirSync(`${stage}/bin`);
  });
  afterEach(() => rmSync(stage, { recursive: true }));

  const install = (...names: string[]): void => {
    for (const name of names) writeFileSync(`${stage}/bin/${name}`, "", { mode: 0o755 });
  };

  const cases: [installed: string[], asked: StockJob["manager"], found: string][] = [
    [["dockerd", "containerd"], undefined, "docker"],
    [["dockerd", "containerd"], "docker", "docker"],
    [["dockerd", "containerd"], "containerd", "containerd"],
    [["containerd"], undefined, "containerd"],
  ];
  for (const [installed, asked, found] of cases) {
    it(`${installed.join(" and ")}, --store=${asked ?? "not given"}: ${found}`, async () => {
      install(...installed);
      const manager = await findManager(stage, { ...job, ...(asked && { manager: asked }) });
      assert.equal(manager.kind, found);
    });
  }

  const faults: [installed: string[], asked: StockJob["manager"], message: RegExp][] = [
    [[], undefined, /looked for dockerd, podman and containerd in \/bin; install one of them above PRELOAD$/],
    [
      ["podman", "containerd"],
      undefined,
      /has Podman, which has no daemon .*: write --store=podman, or --via=direct$/,
    ],
    [
      ["containerd"],
      "docker",
      /looked for dockerd in \/bin; install Docker above PRELOAD, or, if it comes later, say --via=direct$/,
    ],
    [
      ["dockerd"],
      "containerd",
      /looked for containerd in \/bin; install containerd above PRELOAD, or, if it comes later, say --via=direct$/,
    ],
  ];
  for (const [installed, asked, message] of faults) {
    it(`none: ${installed.join(" and ") || "nothing"}, --store=${asked ?? "not given"}`, async () => {
      install(...installed);
      await assert.rejects(findManager(stage, { ...job, ...(asked && { manager: asked }) }), message);
    });
  }
});

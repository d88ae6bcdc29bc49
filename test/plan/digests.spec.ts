import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "../../src/image/digest.js";
import { files } from "../../src/llb/file.js";
import { marshal } from "../../src/llb/marshal.js";
import { build } from "../harness/build.js";
import { engineNames, lab, labImage } from "../harness/lab.js";

/** The daemon marshals every op again before it computes the digest. */
describe("the daemon's digests of Larder's ops", () => {
  for (const engine of engineNames) {
    it(`are Larder's own, ${engine}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "larder-digests-"));
      try {
        const dockerfile = `FROM ${lab.system}\nPRELOAD ${labImage("busybox:1")}\n`;
        const flags = ["--progress", "rawjson", "--output", `type=local,dest=${folder}`];
        const log = await build({ engine, dockerfile, args: [...flags, "--build-arg", "LARDER_PLAN=1"] });
        const vertices = log
          .split("\n")
          .filter((line) => line.startsWith("{"))
          .flatMap((line): { name: string; digest: string }[] => JSON.parse(line).vertexes ?? []);
        const name = "[larder] write plan.json";
        const data = readFileSync(join(folder, "plan.json"));
        const [op = Buffer.alloc(0)] = marshal(files(name, [{ path: "/plan.json", data }])).def;
        const digests = new Set(
          vertices.filter((vertex) => vertex.name === name).map(({ digest }) => digest),
        );
        assert.deepEqual([...digests], [digestOf(op)]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

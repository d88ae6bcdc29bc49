import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import fc from "fast-check";
import { describeTree, layersOf, makeWork, packIn, unpackLayers } from "./testing.js";

type Step = {
  readonly verb: "write" | "mkdir" | "link" | "symlink" | "chmod" | "remove";
  readonly path: string;
  readonly other: string;
  readonly number: number;
};

// There are few names, so that steps meet, and two times, so that files of the same time may have other contents.
const path = fc
  .array(fc.constantFrom("a", "b", "a.b", "ü\n"), { minLength: 1, maxLength: 3 })
  .map((names) => names.join("/"));
const step: fc.Arbitrary<Step> = fc.record({
  verb: fc.constantFrom("write", "write", "mkdir", "mkdir", "link", "symlink", "chmod", "remove"),
  path,
  other: path,
  number: fc.integer({ min: 0, max: 3 }),
});

/** Does a step if it is possible. */
function take(root: string, { verb, path, other, number }: Step): void {
  const target = `${root}/${path}`;
  try {
    switch (verb) {
      case "write":
        if (number % 2) rmSync(target, { recursive: true, force: true });
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, `${number}`);
        break;
      case "mkdir":
        if (number === 0) rmSync(target, { recursive: true, force: true });
        mkdirSync(target, { recursive: true });
        break;
      case "link":
        linkSync(`${root}/${other}`, target);
        break;
      case "symlink":
        symlinkSync(other, target);
        break;
      case "chmod":
        chmodSync(target, 0o700 + number);
        break;
      case "remove":
        rmSync(target, { recursive: true });
    }
    lutimesSync(target, number >> 1, number >> 1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

describe("layers of trees, unpacked one upon the other", () => {
  let work = "";
  beforeEach(() => {
    work = makeWork();
    writeFileSync(`${work}/config.json`, "{}");
  });
  afterEach(() => rmSync(work, { recursive: true }));

  it("are the last tree, whatever the steps", async function () {
    this.timeout(10_000);
    const steps = fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(steps, async (trees) => {
        for (const name of readdirSync(work))
          if (name !== "config.json") rmSync(`${work}/${name}`, { recursive: true });
        for (const [i, taken] of trees.entries()) {
          if (i > 0) execFileSync("cp", ["-a", `${work}/tree${i - 1}`, `${work}/tree${i}`]);
          else mkdirSync(`${work}/tree0`);
          for (const one of taken) take(`${work}/tree${i}`, one);
        }
        const layers = await layersOf(`${work}/layout`, await packIn(work, { trees: trees.length }));
        unpackLayers(layers, `${work}/unpacked`);
        assert.deepEqual(describeTree(`${work}/unpacked`), describeTree(`${work}/tree${trees.length - 1}`));
      }),
      { numRuns: 15 },
    );
  });
});

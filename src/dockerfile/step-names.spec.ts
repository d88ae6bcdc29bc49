import assert from "node:assert/strict";
import { parseDockerfile } from "./parse.js";
import { countSteps, formatStepName, numberThrough, parseStepName, stageInNames } from "./step-names.js";

describe("names of steps", () => {
  for (const name of [
    "[1/2] FROM docker.io/library/busybox:1",
    "[ 2/10] RUN make",
    "[stage-0 2/5] RUN echo [1/2] x",
    "[linux/amd64 app 2/5] COPY . /",
    "[linux/arm64->amd64 2/5] COPY . /",
    "[linux/arm/v7 stage-1 2/5] RUN <<EOF (a...)\nb",
  ]) {
    it(`come back as they were: ${JSON.stringify(name)}`, () => {
      const parsed = parseStepName(name);
      assert.ok(parsed);
      assert.equal(formatStepName(parsed), name);
    });
  }

  it("are those of numbered steps only", () => {
    for (const name of ["[internal] load build context", "[larder] fetch redis:7", "FROM scratch"])
      assert.equal(parseStepName(name), undefined);
  });

  it("say the stage and the platform", () => {
    const parsed = parseStepName("[linux/amd64 app 2/5] COPY . /");
    assert.deepEqual(parsed, {
      platform: "linux/amd64 ",
      stage: "app",
      step: 2,
      total: 5,
      words: "COPY . /",
    });
  });
});

describe("numbers of steps", () => {
  const third = { platform: "", stage: "", step: 3, total: 3, words: "" };

  it("stay the same if nothing is above, and include the steps below", () => {
    const { step, total } = numberThrough(third, undefined, 4);
    assert.deepEqual([step, total], [3, 7]);
  });

  it("begin after those above, without the FROM that stands for them", () => {
    const { step, total } = numberThrough(third, { step: 5 }, 2);
    assert.deepEqual([step, total], [8, 9]);
  });

  it("keep the total that those above have", () => {
    const { step, total } = numberThrough(third, { step: 5, total: 10 }, 0);
    assert.deepEqual([step, total], [8, 10]);
  });

  it("are given to instructions that make a layer", () => {
    const text = "FROM a\nENV X=1\nRUN b\nWORKDIR /c\nPRELOAD d\nCOPY e f\nADD g h\nUSER i\n";
    const [stage] = parseDockerfile("Dockerfile", text).stages;
    assert.equal(countSteps(stage?.instructions ?? []), 4);
  });
});

describe("the stage in the names of steps", () => {
  const nameOf = (text: string, index = 0) => {
    const dockerfile = parseDockerfile("Dockerfile", text);
    const stage = dockerfile.stages[index] ?? assert.fail();
    return stageInNames(dockerfile, stage);
  };

  it("is left out in a file with one stage", () => {
    assert.equal(nameOf("FROM a AS b\nRUN c --from=d\nCOPY e f\n"), "");
  });

  it("is its name, in small letters, or its number", () => {
    assert.equal(nameOf("FROM a AS Big\nFROM c\n"), "big");
    assert.equal(nameOf("FROM a AS Big\nFROM c\n", 1), "stage-1");
  });

  it("is also there if an image is copied from, or anything is mounted", () => {
    assert.equal(nameOf("FROM a\nCOPY --chown=1 --from=b c d\n"), "stage-0");
    assert.equal(nameOf("FROM a\nRUN --network=none --mount=type=cache,target=/b c\n"), "stage-0");
  });
});

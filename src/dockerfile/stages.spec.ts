import assert from "node:assert/strict";
import { parseDockerfile } from "./parse.js";
import { baseStage, neededStages, targetStage } from "./stages.js";

/** Names of the stages that `target` needs. */
function needed(text: string, target?: string): (string | undefined)[] {
  const dockerfile = parseDockerfile("Dockerfile", text);
  const stage = targetStage(dockerfile, target);
  assert.ok(stage);
  const bases = dockerfile.stages.map(({ base }) => base);
  return neededStages(dockerfile, stage, bases).map(({ name }) => name);
}

describe("targetStage", () => {
  const dockerfile = parseDockerfile("Dockerfile", "FROM a AS One\nFROM b AS two\n");

  it("is the last one, or the one that is named, in any case", () => {
    assert.equal(targetStage(dockerfile, undefined)?.name, "two");
    assert.equal(targetStage(dockerfile, "")?.name, "two");
    assert.equal(targetStage(dockerfile, "ONE")?.name, "One");
  });

  it("is none where no stage has the name; numbers are not names", () => {
    assert.equal(targetStage(dockerfile, "three"), undefined);
    assert.equal(targetStage(dockerfile, "0"), undefined);
    assert.equal(targetStage(parseDockerfile("Dockerfile", ""), undefined), undefined);
  });
});

describe("baseStage", () => {
  it("is the nearest stage above of that name, after expansion", () => {
    const dockerfile = parseDockerfile(
      "Dockerfile",
      "FROM x AS a\nFROM a AS a\nFROM $B\nFROM later\nFROM y AS later",
    );
    const bases = ["x", "a", "A", "later", "y"];
    const base = (index: number) => {
      const stage = dockerfile.stages[index];
      assert.ok(stage);
      return baseStage(dockerfile, stage, bases)?.index;
    };
    assert.deepEqual([0, 1, 2, 3].map(base), [undefined, 0, 1, undefined]);
  });
});

describe("neededStages", () => {
  const cases: { title: string; text: string; target?: string; expected: string[] }[] = [
    { title: "FROM", text: "FROM x AS a\nFROM x AS b\nFROM a AS c", expected: ["a", "c"] },
    {
      title: "COPY --from",
      text: "FROM x AS a\nFROM x AS b\nFROM x AS c\nCOPY --from=A / /",
      expected: ["a", "c"],
    },
    {
      title: "a number",
      text: "FROM x AS a\nFROM x AS b\nFROM x AS c\nCOPY --link --from=1 / /",
      expected: ["b", "c"],
    },
    {
      title: "RUN --mount",
      text: "FROM x AS a\nFROM x AS b\nFROM x AS c\nRUN --mount=type=bind,from=a,target=/a \\\n  --mount=type=cache,from=b,target=/b x",
      expected: ["a", "b", "c"],
    },
    {
      title: "ONBUILD",
      text: "FROM x AS a\nFROM x AS b\nONBUILD COPY --from=a / /\nFROM b AS c",
      expected: ["a", "b", "c"],
    },
    {
      title: "a variable: all above",
      text: "FROM x AS a\nFROM x AS b\nFROM x AS c\nCOPY --from=$S / /\nFROM x AS d\nCOPY --from=c / /",
      expected: ["a", "b", "c", "d"],
    },
    {
      title: "the target only",
      text: "FROM x AS a\nFROM a AS b\nFROM b AS c",
      target: "b",
      expected: ["a", "b"],
    },
    {
      title: "not: images and texts",
      text: "FROM x AS a\nFROM x AS b\nCOPY --from=busybox / /\nLABEL l=--from=a",
      expected: ["b"],
    },
  ];
  for (const { title, text, target, expected } of cases) {
    it(title, () => assert.deepEqual(needed(text, target), expected));
  }

  it("leaves out a stage that a named context replaces", () => {
    const dockerfile = parseDockerfile("Dockerfile", "FROM x AS a\nFROM a AS b\nFROM b AS c");
    const [, , target] = dockerfile.stages;
    assert.ok(target);
    const bases = dockerfile.stages.map(({ base }) => base);
    const needed = neededStages(dockerfile, target, bases, ({ name }) => name === "b");
    assert.deepEqual(
      needed.map(({ name }) => name),
      ["c"],
    );
  });
});

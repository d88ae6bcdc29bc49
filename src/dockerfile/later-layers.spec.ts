import assert from "node:assert/strict";
import { laterLayers } from "./later-layers.js";
import { parseDockerfile } from "./parse.js";

describe("laterLayers", () => {
  const text = `FROM docker AS system
RUN one
PRELOAD busybox
ENV A=b
RUN two
FROM system AS small
COPY a b
FROM system AS large
WORKDIR /x
PRELOAD redis
FROM large
ADD a b
FROM other
RUN other
`;
  const dockerfile = parseDockerfile("Dockerfile", text);
  const bases = dockerfile.stages.map(({ base }) => base);
  const cases: [what: string, stage: number, line: number, layers: number][] = [
    ["below a line, with the largest that builds on it", 0, 3, 1 + 4 + 1],
    ["of all the stage", 0, 0, 1 + 3 + 1 + 4 + 1],
    ["of a stage that nothing builds on", 1, 0, 1],
    ["below the last PRELOAD", 2, 10, 1],
  ];
  for (const [what, index, line, layers] of cases) {
    it(what, () => {
      const stage = dockerfile.stages[index];
      assert.ok(stage);
      assert.equal(laterLayers(dockerfile, bases, stage, line), layers);
    });
  }
});

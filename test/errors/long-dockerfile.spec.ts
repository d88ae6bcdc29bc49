import assert from "node:assert/strict";
import { lab, labImage } from "../harness/lab.js";
import { type Refusal, type RefusedBuild, refusal } from "./refused.js";

const busybox = labImage("busybox:1");

/** 100 kB of comments, which BuildKit sends with each error. */
const filler = Array.from({ length: 1000 }, (_, index) => `# ${String(index).padEnd(98, "-")}`).join("\n");

function longBuild(instructions: readonly string[], shows: string): RefusedBuild {
  const [first = "", ...rest] = instructions;
  const dockerfile = [first, filler, ...rest, filler, ""].join("\n");
  assert.ok(dockerfile.length > 200_000);
  return { dockerfile, shows };
}

function assertFailedRun({ message, log }: Refusal, word: string): void {
  assert.match(message, /did not complete successfully: exit code: 7$/);
  // The output of the step.
  assert.match(log, new RegExp(`^ > .*:\n(?:.*\n)*?\\d+\\.\\d+ failed ${word} it$`, "m"));
}

describe("errors: a Dockerfile of 200 kB", () => {
  const preload = `PRELOAD ${busybox}`;

  for (const word of ["above", "below"]) {
    it(`a RUN that fails ${word} PRELOAD`, async () => {
      const run = `RUN echo failed ${word} it; exit 7`;
      const order = word === "above" ? [run, preload] : [preload, run];
      assertFailedRun(await refusal(longBuild([`FROM ${lab.system}`, ...order], run)), word);
    });
  }

  it("a RUN that fails without any PRELOAD", async () => {
    const run = "RUN echo failed without it; exit 7";
    assertFailedRun(await refusal(longBuild([`FROM ${lab.system}`, run], run)), "without");
  });

  it("PRELOAD of an unknown image", async () => {
    const unknown = `PRELOAD ${labImage("no/such:1")}`;
    const { message } = await refusal(longBuild([`FROM ${lab.system}`, unknown], unknown));
    assert.match(message, /^PRELOAD: image ".*\/no\/such:1": its registry does not have it/);
  });

  it("a step of PRELOAD that fails", async () => {
    const { message } = await refusal(longBuild([`FROM ${labImage("debian:trixie")}`, preload], preload));
    assert.match(message, /^PRELOAD: image ".*\/busybox:1": no container manager in the stage/);
  });

  for (const [where, lines] of [
    ["above", (wrong: string) => [wrong, preload]],
    ["below", (wrong: string) => [preload, wrong]],
  ] as const) {
    it(`an unknown instruction ${where} PRELOAD`, async () => {
      const wrong = "RUNN true";
      const { message } = await refusal(longBuild([`FROM ${lab.system}`, ...lines(wrong)], wrong));
      assert.match(message, /unknown instruction: RUNN/);
    });
  }

  it("an instruction that misses its argument", async () => {
    const wrong = "COPY onlyone";
    const { message } = await refusal(longBuild([`FROM ${lab.system}`, preload, wrong], wrong));
    assert.match(message, /COPY requires at least two arguments/);
  });
});

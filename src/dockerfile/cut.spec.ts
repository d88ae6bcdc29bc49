import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { assertGolden } from "../../test/harness/golden.js";
import type { ImageConfig } from "../image/config.js";
import {
  type Cut,
  headText,
  keptInstructions,
  keptVariables,
  type SolvedCut,
  tailText,
  withoutKeptHistory,
} from "./cut.js";
import { type Dockerfile, parseDockerfile, preloadsOf, type Stage, splitWords } from "./parse.js";
import { baseStage, neededStages, targetStage } from "./stages.js";

/** Upstream's answer to the probe, at each cut of the case. */
interface Answer {
  readonly variables?: Readonly<Record<string, string>>;
  readonly config?: ImageConfig;
  readonly buildArguments?: Readonly<Record<string, string>>;
  /** Cut all stages, also those that the last one does not need. */
  readonly all?: boolean;
}

const testdata = new URL("testdata/", import.meta.url);

describe("cut", () => {
  for (const name of readdirSync(testdata)) {
    const file = (path: string) => new URL(`${name}/${path}`, testdata);
    it(`gives head and tail: ${name}`, () => {
      const text = readFileSync(file("Dockerfile"), "utf8");
      const answer: Answer = existsSync(file("answer.json"))
        ? JSON.parse(readFileSync(file("answer.json"), "utf8"))
        : {};
      const { head, tail } = cutAll(parseDockerfile("Dockerfile", text), answer);
      assert.equal(head.split("\n").length, text.split("\n").length, "the head has other lines");
      assert.equal(tail.split("\n").length, text.split("\n").length, "the tail has other lines");
      assertGolden(file("head"), head);
      assertGolden(file("tail"), tail);
    });
  }
});

/** The head of the last cut, and the tail of all. */
function cutAll(dockerfile: Dockerfile, answer: Answer): { head: string; tail: string } {
  const { stages, escape: escapeToken } = dockerfile;
  const bases = stages.map(({ base }) => base);
  const ancestorsOf = (stage: Stage): Stage[] => {
    const base = baseStage(dockerfile, stage, bases);
    return base ? [base, ...ancestorsOf(base)] : [];
  };
  const target = targetStage(dockerfile, undefined);
  const needed = answer.all || !target ? stages : neededStages(dockerfile, target, bases);
  const solved: SolvedCut[] = [];
  let head = "";
  for (const stage of needed) {
    for (const preload of preloadsOf(stage)) {
      const cut: Cut = { context: `larder-cut-${solved.length + 1}`, stage, preload };
      const ancestors = ancestorsOf(stage);
      const variables = keptVariables(dockerfile, ancestors, cut);
      head = headText(dockerfile, cut, solved, { words: splitWords(preload.text, escapeToken), variables });
      const kept = keptInstructions({
        dockerfile,
        ancestors,
        cut,
        variables: new Map(Object.entries(answer.variables ?? {})),
        config: answer.config ?? {},
        buildArgument: (name) => answer.buildArguments?.[name],
      });
      const lines = { start: stage.from.lines.start, end: preload.lines.end };
      solved.push({ context: cut.context, stage, lines, kept, config: answer.config ?? {} });
    }
  }
  return { head, tail: tailText(dockerfile, solved) };
}

describe("withoutKeptHistory", () => {
  const entries = (...texts: string[]) => texts.map((created_by) => ({ created_by }));
  const [stage] = parseDockerfile("Dockerfile", "FROM a\nPRELOAD b").stages;
  assert.ok(stage);

  it("takes out the entries of kept instructions, and no others", () => {
    const cut: SolvedCut = {
      context: "c",
      stage,
      lines: { start: 1, end: 2 },
      config: { history: entries("FROM", "ARG A", "PRELOAD") },
      kept: [
        { line: 1, text: "ARG A", entries: 1 },
        { line: 2, text: "ONBUILD RUN x", entries: 0 },
        { line: 3, text: "CMD x", entries: 1 },
      ],
    };
    const config = { os: "linux", history: entries("FROM", "ARG A", "PRELOAD", "ARG A", "CMD x", "RUN y") };
    assert.deepEqual(withoutKeptHistory(config, cut), {
      os: "linux",
      history: entries("FROM", "ARG A", "PRELOAD", "RUN y"),
    });
  });

  it("does not change a config that builds on no cut", () => {
    const config = { history: entries("FROM") };
    assert.equal(withoutKeptHistory(config, undefined), config);
  });
});

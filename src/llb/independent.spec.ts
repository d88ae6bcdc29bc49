import assert from "node:assert/strict";
import type { Op } from "../gen/ops.js";
import { digestOf } from "../image/digest.js";
import { exec } from "./exec.js";
import { files } from "./file.js";
import { independentParts } from "./independent.js";
import { marshal } from "./marshal.js";
import { image } from "./source.js";
import type { Output } from "./state.js";

const base = image("load", "docker.io/library/busybox:latest@sha256:0");

/** A command on a root, with the other states as mounts. */
function run(command: string, root: Output, ...others: Output[]): Output {
  const mounted = others.map((from, i) => ({ kind: "readonly", dest: `/${i}`, from }) as const);
  return exec({
    name: command,
    args: [command],
    env: [],
    network: "none",
    insecure: false,
    mounts: [{ kind: "output", dest: "/", from: root }, ...mounted],
    ignoreCache: false,
  }).get("/") as Output;
}

const isAwaited = ({ op }: Op): boolean => op?.$case === "exec" && op.value.meta?.args[0] === "awaited";

/** The last op of a definition names its output. */
const digest = (state: Output): string => digestOf(Buffer.from(marshal(state).def.at(-1) ?? []));

describe("independentParts", () => {
  const [one, two] = [run("one", base), run("two", base)];
  const awaited = run("awaited", one);
  const file = files("file", [{ path: "/x", data: Buffer.from("x") }]);

  const cases: [name: string, state: Output, parts: Output[]][] = [
    ["what is taken after the awaited step", run("last", awaited, two), [two]],
    ["the whole of it, not what it is made of", run("last", awaited, run("three", two)), [run("three", two)]],
    ["nothing that the awaited step needs", run("last", awaited, one), []],
    ["what stands on that, too", run("last", awaited, run("three", one)), [run("three", one)]],
    ["nothing in which no command runs", run("last", awaited, file, base), []],
    ["each once", run("last", run("third", awaited, two), two), [two]],
    ["all, if nothing is awaited", two, [two]],
    ["nothing, if nothing runs", file, []],
  ];
  for (const [name, state, parts] of cases) {
    it(`are ${name}`, () => {
      assert.deepEqual(independentParts(marshal(state), isAwaited).map(digest), parts.map(digest));
    });
  }
});

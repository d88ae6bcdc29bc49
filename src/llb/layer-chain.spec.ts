import assert from "node:assert/strict";
import { digestOf } from "../image/digest.js";
import { type ExecOptions, exec } from "./exec.js";
import { files } from "./file.js";
import { layerChain } from "./layer-chain.js";
import { marshal } from "./marshal.js";
import { merge } from "./merge.js";
import { image, local } from "./source.js";
import { fromDefinition, type Output, type State } from "./state.js";

const identifier = "docker.io/library/busybox:latest@sha256:0";
const base = image("load", identifier);
const file = (path: string): Output => files(path, [{ path, data: Buffer.from(path) }]);

/** A step that changes a mount at `dest`, with `from` as its earlier content, and one more mount. */
function step(name: string, from: State, dest = "/"): Output {
  const mounts: ExecOptions["mounts"] = [
    { kind: "readonly", dest: "/in", from: base },
    { kind: "output", dest: "/other", from: undefined },
    { kind: "output", dest, from },
  ];
  return exec({
    name,
    args: [name],
    env: [],
    network: "none",
    insecure: false,
    mounts,
    ignoreCache: false,
  }).get(dest) as Output;
}

/** The same output in the form of a definition from upstream. */
function asForeign(state: Output): Output {
  return fromDefinition(marshal(state)) as Output;
}

/** The last op of a definition names its output. */
const digest = (state: Output): string => digestOf(Buffer.from(marshal(state).def.at(-1) ?? []));

describe("layerChain", () => {
  const one = step("one", base);
  const two = step("two", one);
  const [a, b] = [file("/a"), file("/b")];
  const together = (...states: Output[]): Output => merge("merge", states) as Output;
  const linked = together(two, a);
  const onScratch = step("on scratch", undefined);
  const twice = step("twice", onScratch);

  const cases: [name: string, state: Output, chain: Output[], hasImage: boolean][] = [
    ["an image alone", base, [base], true],
    ["steps on an image", two, [base, one, two], true],
    ["steps on scratch", twice, [onScratch, twice], false],
    ["a file on scratch", a, [a], false],
    [
      "what is on a mount that is no root",
      step("place", two, "/stage"),
      [base, one, two, step("place", two, "/stage")],
      true,
    ],
    ["a merge", linked, [base, one, two, linked], true],
    ["a step on a merge", step("three", linked), [base, one, two, linked, step("three", linked)], true],
    ["a merge of several", together(one, a, b), [base, one, together(one, a), together(one, a, b)], true],
    [
      "a merge of what has several layers itself",
      together(one, twice, b),
      [base, one, together(one, onScratch), together(one, twice), together(one, twice, b)],
      true,
    ],
    ["a merge in a merge", together(linked, b), [base, one, two, linked, together(linked, b)], true],
    ["a folder", local("context", { name: "context", sessionId: "s", followPaths: [] }), [], false],
  ];
  for (const [name, state, chain, hasImage] of cases) {
    it(name, () => {
      const found = layerChain(asForeign(state));
      const wanted = chain.length > 0 ? chain : [state];
      // Larder names an intermediate merge itself, and names are no part of the digest.
      assert.deepEqual(found.states.map(digest), wanted.map(digest));
      assert.equal(found.image?.identifier, hasImage ? `docker-image://${identifier}` : undefined);
    });
  }

  it("takes an output of Larder's own as one state", () => {
    assert.deepEqual(layerChain(two), { states: [two] });
  });
});

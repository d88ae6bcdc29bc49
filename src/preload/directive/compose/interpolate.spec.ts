// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what Compose files have
import assert from "node:assert/strict";
import { interpolate, namesIn } from "./interpolate.js";

describe("interpolate", () => {
  const set: Record<string, string> = { TAG: "7", EMPTY: "", _a1: "under" };
  const variables = (name: string) => set[name];
  const cases: [text: string, value: string][] = [
    ["redis:7", "redis:7"],
    ["redis:$TAG", "redis:7"],
    ["redis:${TAG}", "redis:7"],
    ["$_a1-$TAG.x", "under-7.x"],
    ["a$$b$${TAG}", "a$b${TAG}"],
    ["${NONE}|$NONE|${EMPTY}", "||"],
    ["${NONE-d}|${EMPTY-d}|${TAG-d}", "d||7"],
    ["${NONE:-d}|${EMPTY:-d}|${TAG:-d}", "d|d|7"],
    ["${NONE+d}|${EMPTY+d}|${TAG+d}", "|d|d"],
    ["${NONE:+d}|${EMPTY:+d}|${TAG:+d}", "||d"],
    ["${TAG:?must}|${EMPTY?must}", "7|"],
    ["${NONE:-${EMPTY:-x${TAG}}}y", "x7y"],
    ["${NONE:-a:b-c?d}", "a:b-c?d"],
    ["${NONE:-}", ""],
  ];
  for (const [text, value] of cases) it(text, () => assert.equal(interpolate(text, variables), value));

  const faults: [text: string, message: RegExp][] = [
    ["a$", /^"a\$" has a \$ that begins no variable; write \$\$/],
    ["$1", /begins no variable/],
    ["${TAG", /begins no variable/],
    ["${}", /begins no variable/],
    ["${TAG:7}", /begins no variable/],
    ["${NONE:?give ${TAG}}", /^the variable NONE has to be set: give 7$/],
    ["${NONE?}", /^the variable NONE has to be set$/],
    ["${EMPTY:?}", /^the variable EMPTY has to be set$/],
  ];
  for (const [text, message] of faults) {
    it(`refuses ${text}`, () => assert.throws(() => interpolate(text, variables), { message }));
  }

  it("lists the names that it may need", () => {
    assert.deepEqual(namesIn("$A ${B:-$C} $A $$D"), ["A", "B", "C", "D"]);
  });
});

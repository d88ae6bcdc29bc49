import assert from "node:assert/strict";
import { Draft } from "./draft.js";

describe("Draft", () => {
  const text = "1\n2\n3\n4\n";

  it("replaces and blanks lines, and keeps their number", () => {
    const draft = new Draft(text).blank({ start: 2, end: 3 }).put(3, "three");
    assert.equal(draft.toString(), "1\n\nthree\n4\n");
  });

  it("blanks a line and all lines below it", () => {
    assert.equal(new Draft(text).blankFrom(3).toString(), "1\n2\n\n\n");
    assert.equal(new Draft("1\n2").blankFrom(1).toString(), "\n");
  });

  it("is the original text if nothing is done", () => {
    for (const same of [text, "", "\r\n\r\n"]) assert.equal(new Draft(same).toString(), same);
  });
});

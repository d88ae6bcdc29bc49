import assert from "node:assert/strict";
import { Readable } from "node:stream";
import fc from "fast-check";
import { forEachLine } from "./lines.js";

describe("the lines of a stream", () => {
  it("do not depend on the pieces in which they come", async () => {
    const text = fc
      .array(fc.constantFrom("a", "\n", "\u00ff"), { maxLength: 30 })
      .map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(fc.array(text), async (chunks) => {
        const found: string[] = [];
        const source = Readable.from(chunks.map((chunk) => Buffer.from(chunk, "latin1")));
        await forEachLine(source, (line) => found.push(line.toString("latin1")));
        const whole = chunks.join("").split("\n");
        assert.deepEqual(found, whole.at(-1) === "" ? whole.slice(0, -1) : whole);
      }),
    );
  });
});

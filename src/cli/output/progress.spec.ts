import assert from "node:assert/strict";
import { Writable } from "node:stream";
import type { WriteStream } from "node:tty";
import { Progress } from "./progress.js";

/** What is written to a file or a terminal. */
function stream(isTTY: boolean): { target: WriteStream; text: () => string } {
  let text = "";
  const target = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString("utf8");
      done();
    },
  });
  const terminal = {
    isTTY,
    columns: 80,
    clearLine: () => true,
    cursorTo: () => true,
    moveCursor: () => true,
  };
  return { target: Object.assign(target, terminal) as unknown as WriteStream, text: () => text };
}

describe("progress", () => {
  it("is a plain line for each step where there is no terminal", () => {
    const { target, text } = stream(false);
    const progress = new Progress(target);
    progress.step("one");
    progress.note("by the way");
    progress.step("two");
    progress.end();
    assert.equal(text(), "larder: one\nlarder: by the way\nlarder: two\n");
  });

  it("is a line that changes on a terminal, and notes stay above it", () => {
    const { target, text } = stream(true);
    const progress = new Progress(target);
    progress.step("one");
    progress.step("two");
    progress.note("by the way");
    progress.end();
    assert.match(text(), /one/);
    assert.match(text(), /larder: by the way\n.*two/s);
    assert.doesNotMatch(text(), /larder: one/);
  });
});

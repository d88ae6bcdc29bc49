import assert from "node:assert/strict";
import { cleanUpAll, onInterrupt } from "./interrupt.js";

describe("an interrupt", () => {
  it("cleans up what is open, once, whatever fails", async () => {
    const done: string[] = [];
    onInterrupt(() => Promise.reject(new Error("broken")));
    onInterrupt(async () => void done.push("open"));
    onInterrupt(async () => void done.push("closed"))();
    await cleanUpAll();
    await cleanUpAll();
    assert.deepEqual(done, ["open"]);
  });
});

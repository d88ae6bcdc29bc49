/**
 * How long each file of tests took, hooks included, as JSON in the file that LARDER_DURATIONS names. All that ran since
 * the test before counts as the test's.
 */
import { writeFileSync } from "node:fs";
import { relative } from "node:path";

const path = process.env.LARDER_DURATIONS;
const seconds: Record<string, number> = {};
let last = performance.now();

export const mochaHooks = {
  beforeAll() {
    last = performance.now();
  },
  afterEach(this: Mocha.Context) {
    const file = relative(process.cwd(), this.currentTest?.file ?? "");
    const now = performance.now();
    seconds[file] = (seconds[file] ?? 0) + (now - last) / 1000;
    last = now;
  },
  afterAll() {
    if (path) writeFileSync(path, JSON.stringify(seconds));
  },
};

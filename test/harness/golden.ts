import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Compares with a file of the repository. `UPDATE_GOLDEN=1` writes the file anew, for review. */
export function assertGolden(file: URL, actual: string): void {
  if (process.env.UPDATE_GOLDEN) {
    writeFileSync(file, actual);
    return;
  }
  assert.ok(existsSync(file), `${file.pathname} does not exist: run the test with UPDATE_GOLDEN=1`);
  assert.equal(actual, readFileSync(file, "utf8"), `differs from ${file.pathname}`);
}

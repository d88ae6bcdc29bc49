import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { shellWord } from "./shell-word.js";

describe("shellWord", () => {
  it("is plain where it can be", () => {
    assert.equal(shellWord("/usr/sbin/dockerd"), "/usr/sbin/dockerd");
    assert.equal(shellWord("/opt/my tools/it's"), "'/opt/my tools/it'\\''s'");
    assert.equal(shellWord(""), "''");
  });

  it("is read by a shell as the same text", function () {
    this.timeout(20_000);
    const text = fc.string({
      unit: fc.constantFrom(..."ab/ '\"\\$`!*?[]{}()<>|&;#~%=-\t\n\u00e9"),
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (words) => {
        const printed = execFileSync("sh", ["-c", `printf '%s\\0' ${words.map(shellWord).join(" ")}`], {
          encoding: "utf8",
        });
        assert.deepEqual(printed.split("\0").slice(0, -1), words);
      }),
      { numRuns: 50 },
    );
  });
});

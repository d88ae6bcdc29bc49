import assert from "node:assert/strict";
import { differences, type FileListing } from "../harness/file-listing.js";
import type { RegistryImage } from "../harness/registry-image.js";
import { impliedDirectories } from "./hand-made.js";

/** Facts that the listing of the whole tree does not have: link counts as a program sees them. */
export const statAll = "find /odd ! -type d -print0 | xargs -0 stat -c '%h %F %a %u:%g %s %Y %n'";

/** By digest: an engine may have an older image with that tag. */
export function exactly({ reference, digest }: RegistryImage): string {
  return `${reference}@${digest}`;
}

export function assertSame(actual: FileListing, expected: FileListing): void {
  const found = differences(actual, expected);
  assert.equal(
    found.length,
    0,
    `${found.length} of ${expected.size} paths differ:\n${found.slice(0, 30).join("\n")}`,
  );
}

/**
 * A directory without an entry in its layer has no defined time: the unpacker takes the clock's. A time before 1970 is
 * 1970 in Docker's overlay2, and what the tar says in containerd.
 */
export function withoutImpliedTimes(files: FileListing): FileListing {
  return new Map(
    [...files].map(([path, words]) =>
      [...impliedDirectories, "before-1970"].includes(path)
        ? [path, words.replace(/ \d{4}-\S+Z/, "")]
        : [path, words],
    ),
  );
}

/** @param inner Output of `statAll` in the inner container. @param outer Output in the container to compare with. */
export function assertSameStat(inner: string, outer: string): void {
  const lines = (text: string) => text.split("\n").sort();
  assert.ok(
    lines(outer).some((line) => line.startsWith("4 regular file 644")),
    "hard links are listed",
  );
  const expected = new Set(lines(outer));
  assert.deepEqual(
    lines(inner).filter((line) => !expected.has(line)),
    [],
    "lines that only the inner container prints",
  );
  assert.equal(lines(inner).length, lines(outer).length, "files that are listed");
}

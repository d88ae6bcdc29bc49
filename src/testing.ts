/** Helpers of all specs. */

/** The test is counted as skipped, with its reason. */
export function skip(test: Mocha.Context, reason: string): never {
  console.log(`      skipped: ${reason}`);
  return test.skip();
}

/** Only root can set owners, devices and capabilities. */
export function onlyAsRoot(test: Mocha.Context): void {
  if (process.getuid?.() !== 0) skip(test, "only root can make such files");
}

/** A stream of these bytes. @param size of its chunks. */
export async function* chunksOf(bytes: Buffer, size = 1000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What all specs share. */

/** The test is counted as skipped, with its reason. */
export function skip(test: Mocha.Context, reason: string): never {
  console.log(`      skipped: ${reason}`);
  return test.skip();
}

/** Owners, devices and capabilities are root's to give. */
export function onlyAsRoot(test: Mocha.Context): void {
  if (process.getuid?.() !== 0) skip(test, "only root can make such files");
}

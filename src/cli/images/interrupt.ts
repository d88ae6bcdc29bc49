/** What must not stay behind when the user interrupts a command: temporary files, and containers never started. */
type CleanUp = () => Promise<void>;

const pending = new Set<CleanUp>();

/** @returns forgets the action, which has happened or is not needed any more. */
export function onInterrupt(cleanUp: CleanUp): () => void {
  pending.add(cleanUp);
  return () => pending.delete(cleanUp);
}

/** Runs all actions, each once, whichever of them fail. */
export async function cleanUpAll(): Promise<void> {
  const actions = [...pending];
  pending.clear();
  await Promise.allSettled(actions.map((action) => action()));
}

/** Removes the remains of tests, the newest first: `after(cleanUp)` in a suite, and at the very end. */
const undo: (() => Promise<unknown>)[] = [];

export function atEnd(action: () => Promise<unknown>): void {
  undo.push(action);
}

export async function cleanUp(): Promise<void> {
  for (let action = undo.pop(); action; action = undo.pop()) await action();
}

export const mochaHooks = { afterAll: cleanUp };

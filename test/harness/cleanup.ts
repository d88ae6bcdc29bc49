/** Removes the remains of tests, the newest first: `after(cleanUp)` in a suite, and at the very end. */
const undo: (() => Promise<unknown>)[] = [];

export function atEnd(action: () => Promise<unknown>): void {
  undo.push(action);
}

export async function cleanUp(): Promise<void> {
  for (let action = undo.pop(); action; action = undo.pop()) await action();
}

/** Remains that all suites of a file use: they go when tests of another file have begun. */
let ofFile: (() => Promise<unknown>)[] = [];
let newest: (() => Promise<unknown>)[] = [];
let file: string | undefined;

export function atEndOfFile(action: () => Promise<unknown>): void {
  newest.push(action);
}

export const mochaHooks = {
  afterAll: cleanUp,
  async afterEach(this: Mocha.Context) {
    // What was made since the test before is for this one, even if hooks of its file made it.
    if (this.currentTest?.file !== file) {
      for (const action of ofFile) await action();
      ofFile = [];
      file = this.currentTest?.file;
    }
    ofFile.push(...newest);
    newest = [];
  },
};

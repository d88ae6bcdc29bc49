/** Images in lists: in a heredoc of PRELOAD, and in a file of the build context. One a line, `#` begins a comment. */
import type { Instruction } from "../../dockerfile/parse.js";
import { LarderError, type Lines } from "../../error.js";

export interface ListedWord {
  readonly word: string;
  /** Where it is in the Dockerfile. */
  readonly lines: Lines;
  /** Variables in it are expanded. */
  readonly expands: boolean;
}

/** @throws LarderError for a heredoc that never ends. */
export function wordsInHeredocs({ heredocs, lines }: Instruction): ListedWord[] {
  const open = heredocs.find(({ isEnded }) => !isEnded);
  if (open) {
    throw new LarderError(
      `PRELOAD: the heredoc "${open.name}" has no end; write a line that is ${open.name}`,
      { lines },
    );
  }
  return heredocs.flatMap(({ content, isQuoted }) =>
    content.flatMap(({ line, text }) =>
      wordsOfLine(text).map((word) => ({ word, lines: { start: line, end: line }, expands: !isQuoted })),
    ),
  );
}

export function wordsOfFile(text: string): string[] {
  return text.split(/\r?\n/).flatMap(wordsOfLine);
}

/** No reference has a `#` in it. */
function wordsOfLine(line: string): string[] {
  return line
    .replace(/(^|\s)#.*$/, "")
    .split(/\s+/)
    .filter(Boolean);
}

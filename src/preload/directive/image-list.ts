/** Lists of images: in a heredoc of PRELOAD, and in a file of the build context. One a line, `#` begins a comment. */
import type { Instruction } from "../../dockerfile/parse.js";
import type { Lines } from "../../error.js";
import { Fault } from "./fault.js";

export interface ListedWord {
  readonly word: string;
  /** Its lines in the Dockerfile. */
  readonly lines: Lines;
  /** Variables in it are expanded. */
  readonly expands: boolean;
}

/** @throws Fault for a heredoc that never ends. */
export function wordsInHeredocs({ heredocs, lines }: Instruction): ListedWord[] {
  const open = heredocs.find(({ isEnded }) => !isEnded);
  if (open) {
    throw new Fault(`the heredoc "${open.name}" has no end; write a line that is ${open.name}`, { lines });
  }
  return heredocs.flatMap(({ content, isQuoted }) =>
    content.flatMap(({ line, text }) =>
      wordsOfLine(text).map((word) => ({ word, lines: { start: line, end: line }, expands: !isQuoted })),
    ),
  );
}

/** @param path of the file, which is a part of each word's place. */
export function wordsOfFile(path: string, text: string): { word: string; where: string }[] {
  return text
    .split(/\r?\n/)
    .flatMap((line, index) => wordsOfLine(line).map((word) => ({ word, where: `${path}:${index + 1}` })));
}

/** A reference never contains `#`. */
function wordsOfLine(line: string): string[] {
  return line
    .replace(/(^|\s)#.*$/, "")
    .split(/\s+/)
    .filter(Boolean);
}

/** What stands after PRELOAD and in its heredocs, as written. */
import { type Instruction, wordsWithLines } from "../../dockerfile/parse.js";
import type { Lines } from "../../error.js";
import { type ListedWord, wordsInHeredocs } from "./image-list.js";

export interface WrittenWords {
  /** On PRELOAD's own line. */
  readonly words: readonly string[];
  /** Where each of them is in the Dockerfile. */
  readonly places: readonly Lines[];
  /** In its heredocs. */
  readonly listed: readonly ListedWord[];
  /** What upstream is to expand: `words`, then those of `listed` that are not literal. */
  readonly asked: readonly string[];
}

/** @throws Fault for a heredoc that never ends. */
export function writtenWords(preload: Instruction, escapeToken: string): WrittenWords {
  // A heredoc's mark is no word of PRELOAD's: the images in it are.
  const placed = wordsWithLines(preload, escapeToken).filter(({ word }) => !word.startsWith("<<"));
  const words = placed.map(({ word }) => word);
  const listed = wordsInHeredocs(preload);
  return {
    words,
    places: placed.map(({ line }) => ({ start: line, end: line })),
    listed,
    asked: [...words, ...listed.filter(({ expands }) => expands).map(({ word }) => word)],
  };
}

/** The words of the heredocs, expanded. @param answers what `asked` stands for. */
export function expandListed({ words, listed }: WrittenWords, answers: readonly string[]) {
  const expanded = answers.slice(words.length)[Symbol.iterator]();
  return listed.map(({ word, lines, expands }) => ({
    word: expands ? (expanded.next().value ?? "") : word,
    lines,
  }));
}

/**
 * Predefined variables in `--platform=`: as in `FROM --platform=$TARGETPLATFORM`, they need no ARG there.
 * @param declared names that the stage has an ARG for.
 */
export function predefinedPlatforms(words: readonly string[], declared: readonly string[]): string[] {
  const names = words
    .filter((word) => word.startsWith("--platform="))
    .flatMap((word) => [...word.matchAll(/\$\{?((?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT))\b/g)])
    .map((match) => match[1] ?? "");
  return [...new Set(names)].filter((name) => !declared.includes(name));
}

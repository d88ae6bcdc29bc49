/** The words after PRELOAD and in its heredocs, before expansion. */
import { type Instruction, wordsWithLines } from "../../dockerfile/parse.js";
import type { Lines } from "../../error.js";
import { type ListedWord, wordsInHeredocs } from "./image-list.js";

export interface WrittenWords {
  /** Words on PRELOAD's own lines. */
  readonly words: readonly string[];
  /** The lines of each word in the Dockerfile. */
  readonly places: readonly Lines[];
  /** Words in its heredocs. */
  readonly listed: readonly ListedWord[];
  /** The words for upstream to expand: `words`, then those of `listed` that are not literal. */
  readonly asked: readonly string[];
}

/** @throws Fault for a heredoc that never ends. */
export function writtenWords(preload: Instruction, escapeToken: string): WrittenWords {
  // The mark of a heredoc does not count as a word, but the images in the heredoc do.
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

/** The words of the heredocs, expanded. @param answers the expanded texts of `asked`. */
export function expandListed({ words, listed }: WrittenWords, answers: readonly string[]) {
  const expanded = answers.slice(words.length)[Symbol.iterator]();
  return listed.map(({ word, lines, expands }) => ({
    word: expands ? (expanded.next().value ?? "") : word,
    lines,
  }));
}

/**
 * Predefined variables in `--platform=`. They need no ARG there, as in `FROM --platform=$TARGETPLATFORM`.
 * @param declared names for which the stage has an ARG.
 */
export function predefinedPlatforms(words: readonly string[], declared: readonly string[]): string[] {
  const names = words
    .filter((word) => word.startsWith("--platform="))
    .flatMap((word) => [...word.matchAll(/\$\{?((?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT))\b/g)])
    .map((match) => match[1] ?? "");
  return [...new Set(names)].filter((name) => !declared.includes(name));
}

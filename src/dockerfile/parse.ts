/**
 * The facts of a Dockerfile that Larder needs: its stages, the places of its instructions, and the words after PRELOAD.
 * Upstream alone knows the meaning of instructions.
 */
import {
  type Heredoc as AstHeredoc,
  type Instruction as AstInstruction,
  Copy,
  DockerfileParser,
} from "dockerfile-ast";
import type { Lines } from "../error.js";
import { maskForAst } from "./mask.js";

export interface Instruction {
  /** In capitals. */
  readonly keyword: string;
  readonly lines: Lines;
  /** The text after the keyword: continued lines are joined, and comments between them are removed. */
  readonly text: string;
  /** The places in `text` at which a line of the file begins, in order. */
  readonly lineStarts: readonly LineStart[];
  /** Heredocs of PRELOAD, whose text does not have their contents. Those of other instructions are left to upstream. */
  readonly heredocs: readonly Heredoc[];
}

export interface LineStart {
  readonly line: number;
  /** Index of a character in the text. */
  readonly at: number;
}

/** `<<EOF` and the following lines, up to a line `EOF`. */
export interface Heredoc {
  readonly name: string;
  /** The name is in quotes, so variables in the content are not expanded. */
  readonly isQuoted: boolean;
  readonly content: readonly { readonly line: number; readonly text: string }[];
  /** The line with the name was found. */
  readonly isEnded: boolean;
}

export interface Stage {
  readonly index: number;
  /** As written after AS. */
  readonly name: string | undefined;
  /** The word after FROM, not expanded. */
  readonly base: string;
  /** `--platform=...` as written, not expanded. */
  readonly flags: readonly string[];
  readonly from: Instruction;
  /** All instructions but the FROM. */
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  readonly filename: string;
  readonly text: string;
  /** The line continuation and escape character: `\` or a backtick. */
  readonly escape: string;
  /** ARG instructions above the first FROM. */
  readonly globals: readonly Instruction[];
  readonly stages: readonly Stage[];
}

/** Never throws: upstream reports errors in the file. */
export function parseDockerfile(filename: string, text: string): Dockerfile {
  const ast = DockerfileParser.parse(maskForAst(text));
  const escapeToken = ast.getEscapeCharacter();
  const lines = text.split("\n");
  const instructions = ast.getInstructions().map((node) => toInstruction(node, lines, escapeToken));
  const firstFrom = instructions.findIndex(({ keyword }) => keyword === "FROM");
  const globals = firstFrom < 0 ? instructions : instructions.slice(0, firstFrom);
  return {
    filename,
    text,
    escape: escapeToken,
    globals,
    stages: firstFrom < 0 ? [] : toStages(instructions.slice(firstFrom), escapeToken),
  };
}

export function preloadsOf(stage: Stage): readonly Instruction[] {
  return stage.instructions.filter(({ keyword }) => keyword === "PRELOAD");
}

export function preloadTriggersOf(stage: Stage): readonly Instruction[] {
  return stage.instructions.filter(({ keyword, text }) => keyword === "ONBUILD" && isPreloadTrigger(text));
}

/** Is the text after ONBUILD a PRELOAD? It may come from a file or an image. */
export function isPreloadTrigger(text: string): boolean {
  return /^\s*PRELOAD\s/i.test(text);
}

/** Splits at white space outside quotes. Quotes and escapes stay in the words, for upstream. */
export function splitWords(text: string, escapeToken: string): string[] {
  return placedWords(text, escapeToken).map(({ word }) => word);
}

/** The same, with the first line of each word in the file. */
export function wordsWithLines(
  { text, lineStarts, lines }: Instruction,
  escapeToken: string,
): { word: string; line: number }[] {
  return placedWords(text, escapeToken).map(({ word, at }) => {
    const start = lineStarts.findLast((candidate) => candidate.at <= at);
    return { word, line: start?.line ?? lines.start };
  });
}

function placedWords(text: string, escapeToken: string): { word: string; at: number }[] {
  const words: { word: string; at: number }[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === escapeToken && quote !== "'" && at + 1 < text.length) {
      word += character + text.charAt(++at);
    } else if (quote) {
      if (character === quote) quote = "";
      word += character;
    } else if (/\s/.test(character)) {
      if (word) words.push({ word, at: at - word.length });
      word = "";
    } else {
      if (character === '"' || character === "'") quote = character;
      word += character;
    }
  }
  return word ? [...words, { word, at: text.length - word.length }] : words;
}

function toInstruction(node: AstInstruction, fileLines: readonly string[], escapeToken: string): Instruction {
  const { start, end } = node.getRange();
  const isPreload =
    node instanceof Copy && !/^COPY/i.test(fileLines[start.line]?.slice(start.character) ?? "");
  const heredocs = isPreload ? node.getHeredocs().map((heredoc) => toHeredoc(heredoc, fileLines)) : [];
  const last = heredocs[0]?.content[0]?.line ?? end.line + 2;
  const whole = fileLines.slice(start.line, last - 1).join("\n");
  // The mask changes some words, so the word is read from the file itself.
  const [word = ""] = /^\S*/.exec(whole.slice(start.character)) ?? [];
  return {
    keyword: word.toUpperCase(),
    lines: { start: start.line + 1, end: end.line + 1 },
    ...joinLines(whole.slice(start.character + word.length), start.line + 1, escapeToken),
    heredocs,
  };
}

function toHeredoc(node: AstHeredoc, fileLines: readonly string[]): Heredoc {
  const start = node.getStartRange();
  const range = node.getContentRange();
  const written = fileLines[start.start.line]?.slice(start.start.character, start.end.character) ?? "";
  const lines = range ? fileLines.slice(range.start.line, range.end.line + 1) : [];
  const firstLine = (range?.start.line ?? 0) + 1;
  return {
    name: node.getName(),
    isQuoted: /["']/.test(written),
    content: lines.map((text, index) => ({ line: firstLine + index, text })),
    isEnded: node.getDelimiterRange() !== null,
  };
}

function joinLines(
  raw: string,
  firstLine: number,
  escapeToken: string,
): Pick<Instruction, "text" | "lineStarts"> {
  let joined = "";
  const starts: LineStart[] = [];
  for (const [index, written] of raw.split(/\r?\n/).entries()) {
    if (index > 0 && /^\s*(#|$)/.test(written)) continue;
    const line = written.trimEnd();
    starts.push({ line: firstLine + index, at: joined.length });
    joined += line.endsWith(escapeToken) && !line.endsWith(escapeToken.repeat(2)) ? line.slice(0, -1) : line;
  }
  const cut = joined.length - joined.trimStart().length;
  const lineStarts = starts.map(({ line, at }) => ({ line, at: Math.max(at - cut, 0) }));
  return { text: joined.trim(), lineStarts };
}

function toStages(instructions: readonly Instruction[], escapeToken: string): Stage[] {
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const instruction of instructions) {
    if (instruction.keyword !== "FROM") {
      stages.at(-1)?.instructions.push(instruction);
      continue;
    }
    const words = splitWords(instruction.text, escapeToken);
    const flags = words.filter((word) => word.startsWith("--"));
    const [base = "", as, name] = words.filter((word) => !word.startsWith("--"));
    stages.push({
      index: stages.length,
      name: as?.toUpperCase() === "AS" ? name : undefined,
      base,
      flags,
      from: instruction,
      instructions: [],
    });
  }
  return stages;
}

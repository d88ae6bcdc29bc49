/** What stands above a PRELOAD, and what the PRELOAD says there. */
import { type Cut, headText, keptVariables, withoutKeptHistory } from "../dockerfile/cut.js";
import { type Instruction, type Stage, splitWords } from "../dockerfile/parse.js";
import { type Probe, type ProbeAnswer, readProbe } from "../dockerfile/probe.js";
import {
  asIntermediate,
  configOf,
  readContextFile,
  type StockRequest,
  solveStock,
  withText,
} from "../dockerfile/stock-frontend.js";
import { LarderError } from "../error.js";
import { fromDefinition, type Output } from "../llb/state.js";
import type { BuildContext } from "./build-context.js";
import { type Directive, parseDirective, withListed } from "./directive.js";
import { type ListedWord, wordsInHeredocs, wordsOfFile } from "./image-list.js";
import { cutBelow, type PreloadedCut, withCuts } from "./preloaded-cut.js";

/** The stage above a cut. */
export interface Head {
  readonly state: Output;
  readonly answer: ProbeAnswer;
  readonly directive: Directive;
}

export async function solveHead(
  context: BuildContext,
  request: StockRequest,
  cut: Cut,
  ancestors: readonly Stage[],
  done: readonly PreloadedCut[],
): Promise<Head> {
  const { bridge, dockerfile, source } = context;
  const { lines } = cut.preload;
  const written = writtenWords(cut.preload, dockerfile.escape);
  const probe: Probe = { words: written.asked, variables: keptVariables(dockerfile, ancestors, cut) };
  const draft = headText(dockerfile, cut, done, probe);
  const result = await solveStock(bridge, asIntermediate(withText(withCuts(request, done), source, draft)));
  const state = result.result?.$case === "ref" ? fromDefinition(result.result.value.def) : undefined;
  if (!state) {
    throw new LarderError(
      "PRELOAD: the stage is empty (FROM scratch), so it has no container manager; build FROM an image with Docker",
      { lines },
    );
  }
  const answer = readProbe(probe, withoutKeptHistory(configOf(result), cutBelow(context, cut.stage, done)));
  const listed = expandListed(written, answer.words);
  const directive = parseDirective(written.words, answer.words, lines, listed);
  return { state, answer, directive: await readLists(context, request, directive) };
}

interface WrittenWords {
  /** On PRELOAD's own line. */
  readonly words: readonly string[];
  /** In its heredocs. */
  readonly listed: readonly ListedWord[];
  /** What the stock frontend is to expand: `words`, then those of `listed` that are not literal. */
  readonly asked: readonly string[];
}

function writtenWords(preload: Instruction, escapeToken: string): WrittenWords {
  // A heredoc's mark is no word of PRELOAD's: the images in it are.
  const words = splitWords(preload.text, escapeToken).filter((word) => !word.startsWith("<<"));
  const listed = wordsInHeredocs(preload);
  return {
    words,
    listed,
    asked: [...words, ...listed.filter(({ expands }) => expands).map(({ word }) => word)],
  };
}

function expandListed({ words, listed }: WrittenWords, answers: readonly string[]) {
  const expanded = answers.slice(words.length)[Symbol.iterator]();
  return listed.map(({ word, lines, expands }) => ({
    word: expands ? (expanded.next().value ?? "") : word,
    lines,
  }));
}

async function readLists(
  { bridge, source }: BuildContext,
  request: StockRequest,
  directive: Directive,
): Promise<Directive> {
  const { lists, lines } = directive;
  if (lists.length === 0) return directive;
  const texts = await Promise.all(
    lists.map((path) =>
      readContextFile(bridge, request, source, path).catch((cause: unknown) => {
        throw new LarderError(
          `PRELOAD: --list="${path}": the build context has no such file (${LarderError.from(cause).message}); ` +
            "check the path, and that .dockerignore does not leave it out",
          { lines, cause },
        );
      }),
    ),
  );
  return withListed(
    directive,
    texts.flatMap((text) => wordsOfFile(text.toString("utf8"))),
  );
}

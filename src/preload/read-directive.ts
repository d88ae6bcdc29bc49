/** What a PRELOAD says, with all that it says by reference: variables, heredocs, files of the build context. */
import type { Cut } from "../dockerfile/cut.js";
import { readContextFile, type StockRequest } from "../dockerfile/stock-frontend.js";
import { LarderError, type Lines } from "../error.js";
import type { BuildContext } from "./build-context.js";
import type { Finding } from "./directive/checks.js";
import { type Directive, parseDirective, withListed } from "./directive/directive.js";
import { wordsOfFile } from "./directive/image-list.js";
import { expandListed, writtenWords } from "./directive/written-words.js";
import type { PreloadedCut } from "./preloaded-cut.js";
import { type Head, solveHead } from "./stage-head.js";

/** The stage above a PRELOAD, and what the PRELOAD says there. */
export async function readDirective(
  context: BuildContext,
  request: StockRequest,
  cut: Cut,
  done: readonly PreloadedCut[],
): Promise<{ head: Head; directive: Directive }> {
  const { preload } = cut;
  const written = writtenWords(preload, context.dockerfile.escape);
  const head = await solveHead(context, request, cut, done, written.asked);
  const expanded = head.answer.words;
  const directive = parseDirective(written.words, expanded, preload.lines, {
    places: written.places,
    listed: expandListed(written, expanded),
  });
  const listed = await Promise.all([
    ...directive.lists.map(async (path) =>
      wordsOfFile(path, await readNamedFile(context, request, directive, "--list", path)),
    ),
    ...directive.composes.map(async (path) => {
      const text = await readNamedFile(context, request, directive, "--compose", path);
      const { lines } = preload;
      // Here, since YAML takes time to load and most builds have no use for it.
      const { imagesOfCompose } = await import("./directive/compose.js");
      const { words, built } = imagesOfCompose(path, text, {
        escapeToken: context.dockerfile.escape,
        lines,
      });
      if (built.length > 0) await context.warn(leftOut(path, built, lines));
      const { answer } = await solveHead(context, request, cut, done, words);
      return answer.words.map((word) => ({ word, where: path }));
    }),
  ]);
  return { head, directive: withListed(directive, listed.flat()) };
}

function leftOut(path: string, services: readonly string[], lines: Lines): Finding {
  const names = services.map((name) => `"${name}"`).join(", ");
  return {
    rule: "PreloadCompose",
    description: "Compose builds a service that names no image, so there is none to preload",
    detail: `--compose="${path}": ${names}: built by Compose and not preloaded; PRELOAD --from= can take a stage`,
    lines,
  };
}

async function readNamedFile(
  { bridge, source }: BuildContext,
  request: StockRequest,
  { lines }: Directive,
  flag: string,
  path: string,
): Promise<string> {
  const bytes = await readContextFile(bridge, request, source, path).catch((cause: unknown) => {
    throw new LarderError(
      `PRELOAD: ${flag}="${path}": the build context has no such file (${LarderError.from(cause).message}); ` +
        "check the path, and that .dockerignore does not leave it out",
      { lines, cause },
    );
  });
  return bytes.toString("utf8");
}

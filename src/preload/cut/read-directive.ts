/** What a PRELOAD says, with all that it says by reference: variables, heredocs, files of the build context. */
import type { Cut } from "../../dockerfile/cut.js";
import { LarderError, type Lines } from "../../error.js";
import { parseReference } from "../../image/reference.js";
import { readContextFile, type StockRequest, tryContextFile } from "../../upstream/request.js";
import type { BuildContext } from "../build-context.js";
import type { Finding } from "../check/rules.js";
import { contextPath } from "../directive/context-path.js";
import { type Directive, parseDirective, withListed } from "../directive/directive.js";
import { wordsOfFile } from "../directive/image-list.js";
import { expandListed, writtenWords } from "../directive/written-words.js";
import { type Head, solveHead } from "./head.js";
import type { PreloadedCut } from "./preloaded-cut.js";

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
    ...directive.composes.map((path) => wordsOfCompose(context, request, cut, done, path)),
  ]);
  return { head, directive: withListed(directive, listed.flat()) };
}

/** The stage's variables are asked for as they are needed: a file names further ones. */
async function wordsOfCompose(
  context: BuildContext,
  request: StockRequest,
  cut: Cut,
  done: readonly PreloadedCut[],
  path: string,
): Promise<{ word: string; where: string }[]> {
  const { bridge, source } = context;
  const { lines } = cut.preload;
  // Here, since YAML takes time to load and most builds have no use for it.
  const { readProject } = await import("../directive/compose/project.js");
  const project = readProject(path, {
    read: (file) => tryContextFile(bridge, request, source, file),
    ask: (names) => askVariables(context, request, cut, done, names),
  });
  const refuse = (what: string, cause: unknown) =>
    new LarderError(`PRELOAD: --compose="${path}": ${what}`, { lines, cause });
  const { images, built } = await project.catch((error: Error) => {
    throw refuse(error.message, error);
  });
  if (built.length > 0) await context.warn(leftOut(path, built, lines));
  for (const { service, image } of images) {
    try {
      parseReference(image);
    } catch (error) {
      throw refuse(`service "${service}": image "${image}": ${(error as Error).message}`, error);
    }
  }
  return images.map(({ service, image }) => ({ word: image, where: `${path}, service "${service}"` }));
}

async function askVariables(
  context: BuildContext,
  request: StockRequest,
  cut: Cut,
  done: readonly PreloadedCut[],
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const words = names.flatMap((name) => [`"\${${name}+1}"`, `"\${${name}}"`]);
  const { answer } = await solveHead(context, request, cut, done, words);
  const values = names.map((name, index) => [name, answer.words.slice(2 * index)] as const);
  return new Map(values.flatMap(([name, [isSet, value = ""]]) => (isSet === "1" ? [[name, value]] : [])));
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
  const file = inContext(flag, path, lines);
  const bytes = await readContextFile(bridge, request, source, file).catch((cause: unknown) => {
    throw new LarderError(
      `PRELOAD: ${flag}="${path}": the build context has no such file (${LarderError.from(cause).message}); ` +
        "check the path, and that .dockerignore does not leave it out",
      { lines, cause },
    );
  });
  return bytes.toString("utf8");
}

/** @throws LarderError that names flag and path. */
function inContext(flag: string, path: string, lines: Lines): string {
  try {
    return contextPath(path);
  } catch (error) {
    throw new LarderError(`PRELOAD: ${flag}: ${(error as Error).message}`, { lines, cause: error });
  }
}

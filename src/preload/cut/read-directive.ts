/** Reads a PRELOAD with everything that it refers to: variables, heredocs, files of the build context. */
import type { Cut } from "../../dockerfile/cut.js";
import type { Lines } from "../../error.js";
import { parseReference } from "../../image/reference.js";
import { readContextFile, tryContextFile } from "../../upstream/context-file.js";
import { contextPath } from "../directive/context-path.js";
import { type Directive, parseDirective, withListed } from "../directive/directive.js";
import { about, Fault, reasonOf } from "../directive/fault.js";
import { wordsOfFile } from "../directive/image-list.js";
import { expandListed, writtenWords } from "../directive/written-words.js";
import type { Finding } from "../plan/finding.js";
import type { Head, Planning } from "./planning.js";

/** The stage above a PRELOAD, and the directive with its words expanded there. */
export async function readDirective(
  planning: Planning,
  cut: Cut,
): Promise<{ head: Head; directive: Directive }> {
  const { preload } = cut;
  const written = writtenWords(preload, planning.file.dockerfile.escape);
  const head = await planning.head(cut, written.asked);
  const expanded = head.answer.words;
  const directive = parseDirective(written.words, expanded, preload.lines, {
    places: written.places,
    listed: expandListed(written, expanded),
  });
  const listed = await Promise.all([
    ...directive.lists.map(async (path) => wordsOfFile(path, await readList(planning, path))),
    ...directive.composes.map((path) => wordsOfCompose(planning, cut, path)),
  ]);
  return { head, directive: withListed(directive, listed.flat()) };
}

/** @throws Fault that names the flag and the path. */
async function readList({ context }: Planning, path: string): Promise<string> {
  const file = about("--list: ", () => contextPath(path));
  const bytes = await readContextFile(context.bridge, context, file).catch((cause: unknown) => {
    throw new Fault(
      `--list="${path}": the build context has no such file (${reasonOf(cause)}); ` +
        "check the path, and that .dockerignore does not leave it out",
      { cause },
    );
  });
  return bytes.toString("utf8");
}

/** Upstream gives the stage's variables when they are needed: a file may name further ones. */
async function wordsOfCompose(
  planning: Planning,
  cut: Cut,
  path: string,
): Promise<{ word: string; where: string }[]> {
  const { context } = planning;
  // Loaded here, since YAML takes time to load and most builds do not use it.
  const { readProject } = await import("../directive/compose/project.js");
  const project = readProject(path, {
    read: (file) => tryContextFile(context.bridge, context, file),
    ask: (names) => askVariables(planning, cut, names),
  });
  const { images, built } = await project.catch((cause: unknown) => {
    throw new Fault(`--compose="${path}": ${reasonOf(cause)}`, { cause });
  });
  if (built.length > 0) await context.warn(leftOut(path, built, cut.preload.lines));
  for (const { service, image } of images) {
    const what = `--compose="${path}": service "${service}": image "${image}": `;
    about(what, () => parseReference(image));
  }
  return images.map(({ service, image }) => ({ word: image, where: `${path}, service "${service}"` }));
}

async function askVariables(
  planning: Planning,
  cut: Cut,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const words = names.flatMap((name) => [`"\${${name}+1}"`, `"\${${name}}"`]);
  const { answer } = await planning.head(cut, words);
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

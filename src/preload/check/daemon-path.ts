/** Finds daemons that are started by their full path: they bypass the program that attaches the images. */
import { commandPrograms, daemonUnits, embeddingPrograms } from "../../daemons.js";
import { type Dockerfile, preloadsOf, type Stage, splitWords } from "../../dockerfile/parse.js";
import { baseStage } from "../../dockerfile/stages.js";
import type { Lines } from "../../error.js";
import type { Finding } from "../plan/finding.js";

/** Checks ENTRYPOINT and CMD of a stage that has a PRELOAD, or stands on one. */
export function checkDaemonPaths(dockerfile: Dockerfile, stage: Stage): Finding[] {
  if (!isPreloaded(dockerfile, stage)) return [];
  return ["ENTRYPOINT", "CMD"].flatMap((keyword) => {
    const last = stage.instructions.findLast((instruction) => instruction.keyword === keyword);
    if (!last) return [];
    const path = findDaemonPath(commandWords(last.text, dockerfile.escape));
    return path === undefined ? [] : [startedByPath(keyword, path, last.lines)];
  });
}

/** The same for an image's config, which may have them from a base image. @param lines of the PRELOAD */
export function checkConfig(
  { Entrypoint, Cmd }: { readonly Entrypoint?: unknown; readonly Cmd?: unknown },
  lines: Lines,
): Finding[] {
  return Object.entries({ ENTRYPOINT: Entrypoint, CMD: Cmd }).flatMap(([keyword, command]) => {
    const words = Array.isArray(command) ? command.flatMap((word) => shellWords(String(word))) : [];
    const path = findDaemonPath(words);
    return path === undefined ? [] : [startedByPath(`${keyword} of the base image`, path, lines)];
  });
}

/** Programs by which containers start daemons that attach supports. */
const names = [...Object.keys(daemonUnits), ...embeddingPrograms.map(({ name }) => name)].join("|");
const daemon = new RegExp(`^/(?:.*/)?(?:dockerd|(?:bin|sbin)/(?:${names}))$`);
/** The folders of Larder's own programs, which do attach. */
const own = new RegExp(`^/usr/local/(?:sbin/|bin/(?:${commandPrograms.join("|")})$)`);

function findDaemonPath(words: readonly string[]): string | undefined {
  return words.find((word) => daemon.test(word) && !own.test(word));
}

function startedByPath(what: string, path: string, lines: Lines): Finding {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return {
    rule: "PreloadDaemonPath",
    description: "The images are attached when the daemon is started by its name",
    detail: `${what} starts ${path} by its path, so the images of PRELOAD are not attached; write ${name} without the path`,
    lines,
  };
}

function isPreloaded(dockerfile: Dockerfile, stage: Stage): boolean {
  if (preloadsOf(stage).length > 0) return true;
  const base = baseStage(dockerfile, stage, []);
  return base !== undefined && isPreloaded(dockerfile, base);
}

function commandWords(text: string, escapeToken: string): string[] {
  try {
    const command: unknown = JSON.parse(text);
    if (Array.isArray(command)) return command.flatMap((word) => shellWords(String(word)));
  } catch {
    // It is the form without brackets.
  }
  return splitWords(text, escapeToken).flatMap(shellWords);
}

/** The words of a shell's command line, as far as paths need it. */
function shellWords(text: string): string[] {
  return text.split(/[\s;&|()`"']+/);
}

/** PRELOAD's own rules, beside those of upstream's linter. They check the file before variables are expanded. */
import { type Dockerfile, preloadsOf, type Stage, splitWords } from "../../dockerfile/parse.js";
import { LarderError, type Lines } from "../../error.js";
import { formatReference, parseReference } from "../../image/reference.js";
import { parseDirective, splitFlag } from "../directive/directive.js";
import { placedError } from "../directive/fault.js";
import { type WrittenWords, writtenWords } from "../directive/written-words.js";
import type { Finding } from "../plan/finding.js";
import { checkDaemonPaths } from "./daemon-path.js";

/** The findings in these stages, in the order of the file. */
export function checkStages(dockerfile: Dockerfile, stages: readonly Stage[]): Finding[] {
  const findings = stages.flatMap((stage) => [
    ...checkImages(dockerfile, stage),
    ...checkVolumes(dockerfile, stage),
    ...checkDaemonPaths(dockerfile, stage),
  ]);
  return findings.sort((a, b) => a.lines.start - b.lines.start);
}

/** The first fault of a PRELOAD that is known without any variable. */
export function findFault(dockerfile: Dockerfile): LarderError | undefined {
  for (const preload of dockerfile.stages.flatMap(preloadsOf)) {
    try {
      const { words, places, listed } = writtenWords(preload, dockerfile.escape);
      const known = words.flatMap((word, index) => {
        const lines = places[index] ?? preload.lines;
        return (isLiteral(word) ? [word] : standIn(word)).map((word) => ({ word, lines }));
      });
      const knownWords = known.map(({ word }) => word);
      parseDirective(knownWords, knownWords, preload.lines, {
        places: known.map(({ lines }) => lines),
        listed: listed.filter(({ word, expands }) => !expands || isLiteral(word)),
      });
    } catch (error) {
      return LarderError.from(placedError(error, preload.lines));
    }
  }
  return undefined;
}

/**
 * Replaces a word whose value is not known: any image for an image, and nothing for a flag, except for files of images.
 */
function standIn(word: string): string[] {
  if (!word.startsWith("--")) return ["image"];
  const [name] = splitFlag(word);
  return name === "--list" || name === "--compose" ? [word] : [];
}

interface NamedImage {
  readonly text: string;
  readonly lines: Lines;
  /** Equal for images that are equal for the inner engine. */
  readonly key: string;
}

function checkImages(dockerfile: Dockerfile, stage: Stage): Finding[] {
  const images = preloadsOf(stage).flatMap((preload) =>
    namedImages(writtenWords(preload, dockerfile.escape), preload.lines),
  );
  const first = new Map<string, NamedImage>();
  return images.flatMap((image): Finding[] => {
    const found: Finding[] = [];
    const earlier = first.get(image.key);
    if (earlier) found.push(duplicate(image, earlier));
    else first.set(image.key, image);
    if (!earlier && parseReference(image.text).tag === "latest") found.push(latest(image));
    return found;
  });
}

function latest({ text, lines }: NamedImage): Finding {
  const what = /:latest$/.test(text) ? "is whatever is the latest" : "has no tag, which means latest";
  return {
    rule: "PreloadLatest",
    description: "An inner image should be pinned: latest is another image at each release",
    detail: `image "${text}" ${what}; name a version or a digest`,
    lines,
  };
}

function duplicate({ text, lines }: NamedImage, earlier: NamedImage): Finding {
  return {
    rule: "PreloadDuplicate",
    description: "An inner image needs to be named once",
    detail: `image "${text}" is named on line ${earlier.lines.start} already; leave it out here`,
    lines,
  };
}

/** Images whose names are known without any variable, with the flags that select their container manager. */
function namedImages({ words, places, listed }: WrittenWords, lines: Lines): NamedImage[] {
  const whose = words.filter((word) => /^--(platform|store|namespace|root)=/.test(word)).join(" ");
  const onLine = words
    .map((word, index) => ({ word, lines: places[index] ?? lines }))
    .filter(({ word }) => !word.startsWith("--") && isLiteral(word));
  const inHeredocs = listed.filter(({ word, expands }) => !expands || isLiteral(word));
  return [...onLine, ...inHeredocs].flatMap(({ word, lines }) => {
    try {
      return [{ text: word, lines, key: `${whose} ${formatReference(parseReference(word))}` }];
    } catch {
      // A name that is no reference is an error of the build, not a finding.
      return [];
    }
  });
}

function isLiteral(word: string): boolean {
  return !/[$"'\\`]/.test(word);
}

const dataRoots = ["/var/lib/docker", "/var/lib/containerd"];

function checkVolumes(dockerfile: Dockerfile, stage: Stage): Finding[] {
  if (preloadsOf(stage).length === 0) return [];
  return stage.instructions
    .filter(({ keyword }) => keyword === "VOLUME")
    .flatMap(({ text, lines }) => {
      const volume = volumesOf(text, dockerfile.escape).find((path) =>
        dataRoots.some((root) => root === path || root.startsWith(`${path}/`)),
      );
      return volume === undefined ? [] : [underVolume(volume, lines)];
    });
}

function underVolume(volume: string, lines: Lines): Finding {
  return {
    rule: "PreloadUnderVolume",
    description: "PRELOAD keeps its images outside of the data root and needs no volume",
    detail:
      `VOLUME ${volume} holds the data root, and PRELOAD's images are not in it: they come into each new volume ` +
      "when the container starts; leave VOLUME out if it was for them",
    lines,
  };
}

/** `VOLUME /a /b` or `VOLUME ["/a", "/b"]`, without slashes at the end. */
function volumesOf(text: string, escapeToken: string): string[] {
  let paths: unknown = splitWords(text, escapeToken);
  try {
    paths = JSON.parse(text);
  } catch {
    // It is the form without brackets.
  }
  return (Array.isArray(paths) ? paths : []).map((path) => String(path).replace(/(?<=.)\/+$/, ""));
}

/** What a PRELOAD says, once its words are expanded. */

import { LarderError, type Lines } from "../error.js";
import { type Platform, parsePlatform } from "../image/platform.js";
import { parseReference, type Reference } from "../image/reference.js";

export type Network = "default" | "host" | "none";

export interface Directive {
  readonly lines: Lines;
  readonly platform: Platform | undefined;
  readonly network: Network | undefined;
  readonly images: readonly RequestedImage[];
}

export interface RequestedImage {
  /** As the user wrote it, expanded. */
  readonly text: string;
  readonly reference: Reference;
}

const flags = ["--platform", "--network"];

/**
 * @param words as written, and what each stands for.
 * @throws LarderError that names the flag or the image and the line.
 */
export function parseDirective(
  written: readonly string[],
  expanded: readonly string[],
  lines: Lines,
): Directive {
  const values = new Map<string, string>();
  const images: RequestedImage[] = [];
  for (const [index, word] of written.entries()) {
    const value = expanded[index] ?? "";
    if (word.startsWith("--")) {
      const [name, text] = parseFlag(value, lines);
      values.set(name, text);
    } else {
      // A variable may hold several images, as it may hold several ports for EXPOSE.
      images.push(
        ...value
          .split(/\s+/)
          .filter(Boolean)
          .map((text) => requestImage(text, lines)),
      );
    }
  }
  if (images.length === 0) {
    throw new LarderError("PRELOAD: no image is named; write PRELOAD image..., for example PRELOAD redis:7", {
      lines,
    });
  }
  const platform = values.get("--platform");
  return {
    lines,
    platform: platform === undefined ? undefined : flagValue("--platform", platform, parsePlatform, lines),
    network: parseNetwork(values.get("--network"), lines),
    images: withoutDuplicates(images),
  };
}

function parseFlag(word: string, lines: Lines): [string, string] {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  if (!flags.includes(name)) {
    throw new LarderError(`PRELOAD: unknown flag "${name}"; the flags are ${flags.join(" and ")}`, { lines });
  }
  if (equals < 0) throw new LarderError(`PRELOAD: flag "${name}" has no value; write ${name}=...`, { lines });
  return [name, word.slice(equals + 1)];
}

function parseNetwork(text: string | undefined, lines: Lines): Network | undefined {
  if (text === undefined || text === "default" || text === "host" || text === "none") return text;
  throw new LarderError(`PRELOAD: unknown network "${text}"; --network is default, host or none`, { lines });
}

function requestImage(text: string, lines: Lines): RequestedImage {
  try {
    return { text, reference: parseReference(text) };
  } catch (error) {
    throw new LarderError(`PRELOAD: image "${text}": ${(error as Error).message}`, { lines, cause: error });
  }
}

function flagValue<T>(name: string, text: string, parse: (text: string) => T, lines: Lines): T {
  try {
    return parse(text);
  } catch (error) {
    throw new LarderError(`PRELOAD: ${name}="${text}": ${(error as Error).message}`, { lines, cause: error });
  }
}

function withoutDuplicates(images: readonly RequestedImage[]): RequestedImage[] {
  const byReference = new Map(images.map((image) => [JSON.stringify(image.reference), image]));
  return [...byReference.values()];
}

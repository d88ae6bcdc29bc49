/** `--compose=compose.yaml`: the image of every service. */
import { parse } from "yaml";
import { LarderError, type Lines } from "../../error.js";

export interface ComposeImages {
  /** One for each service, for the stock frontend to expand: Compose's `${TAG:-7}` is Dockerfile's, too. */
  readonly words: readonly string[];
  /** Services that Compose builds and that name no image. */
  readonly built: readonly string[];
}

/** @throws LarderError that names the file and the service. */
export function imagesOfCompose(
  path: string,
  text: string,
  { escapeToken, lines }: { escapeToken: string; lines: Lines },
): ComposeImages {
  const refuse = (what: string, cause?: unknown): LarderError =>
    new LarderError(`PRELOAD: --compose="${path}": ${what}`, { lines, cause });
  const words: string[] = [];
  const built: string[] = [];
  for (const [name, service] of Object.entries(readServices(text, refuse))) {
    const { image, build } = isObject(service) ? service : {};
    if (typeof image === "string" && image !== "") words.push(asWord(image, escapeToken));
    else if (build !== undefined) built.push(name);
    else throw refuse(`service "${name}" has no image; write image: below it`);
  }
  return { words, built };
}

type Refuse = (what: string, cause?: unknown) => LarderError;

function readServices(text: string, refuse: Refuse): Readonly<Record<string, unknown>> {
  let file: unknown;
  try {
    // As in Compose, `<<: *defaults` takes over what it names.
    file = parse(text, { merge: true });
  } catch (error) {
    throw refuse(`it is not YAML: ${(error as Error).message.split("\n")[0]}`, error);
  }
  const services = isObject(file) ? file.services : undefined;
  if (!isObject(services)) throw refuse("it has no services; write services: with an image: for each");
  return services;
}

/** In double quotes all but a dollar stands for itself; Compose writes a plain one as two. */
function asWord(image: string, escapeToken: string): string {
  const quoted = image.replaceAll(/["\\`]/g, (character) =>
    character === '"' || character === escapeToken ? escapeToken + character : character,
  );
  return `"${quoted.replaceAll("$$", `${escapeToken}$`)}"`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

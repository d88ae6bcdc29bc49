/** The excerpt of the Dockerfile that a client prints below an error: BuildKit's typed detail `Source`. */
import { LarderError, type Lines } from "../error.js";
import { jsonDetail, typePrefix } from "../gateway/details.js";
import type { Definition } from "../gen/ops.js";
import type { Detail } from "../gen/status.js";

const sourceType = `${typePrefix}errdefs.Source+json`;

export interface DockerfileText {
  readonly filename: string;
  readonly text: string;
  /** The source of the text. */
  readonly definition: Definition;
}

/**
 * The error with an excerpt of the user's own file, as with upstream. Excerpts from below show the text that upstream
 * was given, whose lines have the same numbers.
 */
export function withExcerpt(error: LarderError, file: DockerfileText): LarderError {
  const info = sourceInfo(file);
  // Each frontend on an error's way reverses its details, and this frontend is one more.
  const details = error.details.toReversed().map((detail) => {
    if (detail.type_url !== sourceType) return detail;
    const source = JSON.parse(detail.value.toString("utf8")) as { info: { filename: string } };
    return source.info.filename === file.filename ? jsonDetail(sourceType, { ...source, info }) : detail;
  });
  const hasExcerpt = details.some(({ type_url }) => type_url === sourceType);
  if (!hasExcerpt) {
    // Without an excerpt, a frontend that called this one would show its `# syntax=` line. An empty excerpt shows
    // nothing.
    const excerpt = error.lines ? { info, ranges: lineRanges(error.lines) } : {};
    details.unshift(jsonDetail(sourceType, excerpt));
  }
  return new LarderError(error.message, { code: error.code, lines: error.lines, details, cause: error });
}

/** The details without excerpts, for an error that will get another place. */
export function withoutExcerpt(details: readonly Detail[]): Detail[] {
  return details.filter(({ type_url }) => type_url !== sourceType);
}

/** One range for each line, as upstream's parser gives them. */
export function lineRanges(lines: Lines | undefined): { start: { line: number }; end: { line: number } }[] {
  if (!lines) return [];
  const { start, end } = lines;
  const numbers = Array.from({ length: end - start + 1 }, (_, index) => start + index);
  return numbers.map((line) => ({ start: { line }, end: { line } }));
}

function sourceInfo({ filename, text, definition }: DockerfileText): unknown {
  return {
    filename,
    data: Buffer.from(text).toString("base64"),
    definition: asGoWrites(definition),
    language: "Dockerfile",
  };
}

/** A message in the JSON of Go's encoder: bytes are base64, and empty fields are left out. */
function asGoWrites(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(asGoWrites);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [key, asGoWrites(member)] as const);
  return Object.fromEntries(members.filter(([, member]) => !isEmpty(member)));
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return !value || (typeof value === "object" && Object.keys(value).length === 0);
}

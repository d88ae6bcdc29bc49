/**
 * BuildKit's typed error details: JSON in spite of their protobuf envelope, `type_url` says which. What the
 * user sees of them is the excerpt of the Dockerfile, made from the detail `Source`.
 */
import { LarderError, type Lines } from "../error.js";
import type { Definition } from "../gen/ops.js";
import type { Detail } from "../gen/status.js";

const typePrefix = "github.com/moby/buildkit/";
const sourceType = `${typePrefix}errdefs.Source+json`;
const solveType = `${typePrefix}errdefs.Solve+json`;

/** What a failed step leaves to look at. */
export interface FailedSolve {
  /** A ref for each mount of the op. */
  readonly mountIDs?: readonly string[];
  readonly op?: {
    readonly exec?: {
      readonly meta?: { readonly env?: readonly string[] };
      readonly mounts?: readonly { readonly dest?: string }[];
    };
  };
}

export function failedSolve({ details }: LarderError): FailedSolve | undefined {
  const detail = details.find(({ type_url }) => type_url === solveType);
  return detail && (JSON.parse(detail.value.toString("utf8")) as FailedSolve);
}

export interface DockerfileText {
  readonly filename: string;
  readonly text: string;
  /** What it was read from. */
  readonly definition: Definition;
}

/**
 * The error as a user of upstream would see it: with an excerpt of the user's own file. Excerpts
 * that came from below show the file that upstream was given, whose lines are the same.
 */
export function withExcerpt(error: LarderError, file: DockerfileText): LarderError {
  const info = sourceInfo(file);
  // Each hop of an error turns its details round, and this frontend is one hop more.
  const details = error.details.toReversed().map((detail) => {
    if (detail.type_url !== sourceType) return detail;
    const source = JSON.parse(detail.value.toString("utf8")) as { info: { filename: string } };
    return source.info.filename === file.filename ? jsonDetail(sourceType, { ...source, info }) : detail;
  });
  const hasExcerpt = details.some(({ type_url }) => type_url === sourceType);
  if (!hasExcerpt) {
    // Without any, whoever called this frontend would show the `# syntax=` line. An empty one shows nothing.
    const excerpt = error.lines ? { info, ranges: lineRanges(error.lines) } : {};
    details.unshift(jsonDetail(sourceType, excerpt));
  }
  return new LarderError(error.message, { code: error.code, lines: error.lines, details, cause: error });
}

/** Details without excerpts, of an error that is to be shown at another place. */
export function withoutExcerpt(details: readonly Detail[]): Detail[] {
  return details.filter(({ type_url }) => type_url !== sourceType);
}

/** One range a line, as upstream's parser has it. */
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

/** A message in the JSON of Go's encoder: bytes are base64, and what is empty is left out. */
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

function jsonDetail(type_url: string, value: unknown): Detail {
  return { type_url, value: Buffer.from(JSON.stringify(value)) };
}

/** The outcome of a build: its image or its error, its steps and its warnings. */
import type { Finished } from "../harness/command.js";

export interface Outcome {
  /** The excerpt of the Dockerfile and the sentence; empty if the build succeeded. */
  readonly error: string;
  /** Names of all steps, sorted, without repetition. */
  readonly steps: readonly string[];
  /** Steps that were not in the cache. */
  readonly executed: readonly string[];
  /** Steps that made the build fail. Other steps beside them are killed, or never run. */
  readonly failed: readonly string[];
  /** The output of the failed step. */
  readonly lastWords: string;
  readonly warnings: readonly Warning[];
}

export interface Warning {
  readonly rule: string;
  readonly text: string;
  readonly detail: readonly string[];
  readonly url: string;
  /** The lines of the Dockerfile, as an excerpt. */
  readonly lines: readonly string[];
}

/** One line of `--progress rawjson`. */
interface Progress {
  readonly vertexes?: readonly {
    readonly digest: string;
    readonly name: string;
    readonly cached?: boolean;
    readonly error?: string;
  }[];
  readonly logs?: readonly { readonly vertex: string; readonly data: string }[];
  readonly warnings?: readonly {
    readonly short: string;
    readonly detail?: readonly string[];
    readonly url?: string;
    readonly sourceInfo?: { readonly filename: string; readonly data: string };
    readonly range?: readonly { readonly start: { line: number }; readonly end: { line: number } }[];
  }[];
}

type RawWarning = NonNullable<Progress["warnings"]>[number];

/** A message of Go's HTTP/2 library in buildx about a session that ends while it begins. It comes by chance. */
const clientLog = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d http2: /;

/** @param stderr of `docker buildx build --progress rawjson`. */
export function readOutcome({ status, stderr }: Finished): Outcome {
  const lines = withoutFrontend(stderr).split("\n");
  const progress = lines.filter((line) => line.startsWith("{")).map((line): Progress => JSON.parse(line));
  const vertices = progress.flatMap(({ vertexes = [] }) => vertexes);
  const names = new Map(vertices.map(({ digest, name }) => [digest, name]));
  const cached = new Set(vertices.filter((vertex) => vertex.cached).map(({ digest }) => digest));
  const text = lines.filter((line) => !line.startsWith("{") && !clientLog.test(line)).join("\n");
  const failed = new Set(
    vertices.filter(({ error }) => error && text.includes(error)).map(({ digest }) => digest),
  );
  if ((status === 0) !== (text.trim() === "")) throw new Error(`exit status ${status} and: ${text}`);
  return {
    error: text.trimEnd(),
    steps: unique(names.values()),
    executed: unique([...names].filter(([digest]) => !cached.has(digest)).map(([, name]) => name)),
    failed: unique([...names].filter(([digest]) => failed.has(digest)).map(([, name]) => name)),
    lastWords: progress
      .flatMap(({ logs = [] }) => logs)
      .filter(({ vertex }) => failed.has(vertex))
      .map(({ data }) => decode(data))
      .join(""),
    warnings: progress.flatMap(({ warnings = [] }) => warnings).map(readWarning),
  };
}

function readWarning({ short, detail = [], url = "", sourceInfo, range = [] }: RawWarning): Warning {
  const text = decode(short);
  const file = decode(sourceInfo?.data ?? "").split("\n");
  const lines = range.flatMap(({ start, end }) =>
    file
      .slice(start.line - 1, Math.max(start.line, end.line))
      .map((line, index) => `${start.line + index} |     ${line}`),
  );
  return { rule: text.replace(/:.*/s, ""), text, detail: detail.map(decode), url, lines };
}

/** Replaces the names of images that each frontend built for itself, for cases that build on others. */
export function withoutFrontend(text: string): string {
  return text.replaceAll(/(\/e2e[\w-]*\/corpus[:@][\w-]+)-(stock|larder)\b/g, "$1");
}

const decode = (text: string): string => withoutFrontend(Buffer.from(text, "base64").toString("utf8"));
const unique = (names: Iterable<string>): string[] => [...new Set(names)].sort();

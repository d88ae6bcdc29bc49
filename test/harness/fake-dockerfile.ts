/** The language of Dockerfiles, as far as specs use it: instructions, words and variables. */
import { Refusal } from "./fake-builder.js";
import { type Lines, rangesOf } from "./fake-graph.js";

export interface Instruction {
  readonly keyword: string;
  readonly text: string;
  readonly lines: Lines;
}

export interface SourceText {
  readonly filename: string;
  readonly text: string;
}

const keywords =
  "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM LABEL ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR".split(
    " ",
  );

/** @throws Refusal for an instruction that there is not, with its place. */
export function parseInstructions(source: SourceText): Instruction[] {
  const instructions: Instruction[] = [];
  const lines = source.text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const start = at;
    let text = lines[at] ?? "";
    if (/^\s*(#|$)/.test(text)) continue;
    while (text.endsWith("\\")) text = text.slice(0, -1) + (lines[++at] ?? "");
    const [, keyword = "", rest = ""] = /^\s*(\S+)\s*(.*)$/s.exec(text) ?? [];
    const place = { start: start + 1, end: at + 1 };
    if (!keywords.includes(keyword.toUpperCase())) {
      const message = `dockerfile parse error on line ${start + 1}: unknown instruction: ${keyword}`;
      throw refusalAt(source, place, message);
    }
    instructions.push({ keyword: keyword.toUpperCase(), text: rest.trim(), lines: place });
  }
  return instructions;
}

/** An error with an excerpt, as `parser.WithLocation` makes it. */
export function refusalAt({ filename, text }: SourceText, lines: Lines, message: string): Refusal {
  const info = { filename, data: Buffer.from(text).toString("base64"), language: "Dockerfile" };
  const value = Buffer.from(JSON.stringify({ info, ranges: rangesOf(lines) }));
  return new Refusal(message, { details: [{ type_url: sourceDetail, value }] });
}

export const sourceDetail = "github.com/moby/buildkit/errdefs.Source+json";

/** Splits at white space outside of quotes, which stay. */
export function splitWords(text: string): string[] {
  return text.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g) ?? [];
}

/** `NAME=value` in its parts; the value is undefined where there is none. */
export function splitPair(word: string): [name: string, value: string | undefined] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

/** @param unset is told of variables that have no value where one is asked for. */
export function expand(
  word: string,
  variables: ReadonlyMap<string, string>,
  unset: (name: string) => void = () => undefined,
): string {
  const tokens = /'([^']*)'|\\(.)|\$\{(\w+)(?:(:?[-+])([^}]*))?\}|\$(\w+)|"/g;
  return word.replace(tokens, (all, quoted, escaped, braced, operator = "", other = "", plain) => {
    if (all === '"') return "";
    if (quoted !== undefined || escaped !== undefined) return quoted ?? escaped;
    const name: string = braced ?? plain;
    const value = variables.get(name);
    const isSet = operator.startsWith(":") ? Boolean(value) : value !== undefined;
    if (operator.endsWith("+")) return isSet ? other : "";
    if (operator.endsWith("-")) return isSet ? (value ?? "") : other;
    if (value === undefined) unset(name);
    return value ?? "";
  });
}

/** `["a", "b"]`, or a line for the shell. */
export function parseCommand(text: string): string[] {
  try {
    const command: unknown = JSON.parse(text);
    if (Array.isArray(command)) return command.map(String);
  } catch {
    // Then it is the form without brackets.
  }
  return ["/bin/sh", "-c", text];
}

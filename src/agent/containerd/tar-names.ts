import { type ByteString, fromBytes } from "../../store/bytes.js";
import { run } from "../../store/tool.js";

/**
 * Names of the entries of a layer's blob, in the order of the tar, as they are in it. GNU tar reads it: it knows
 * every dialect, and finds out about the compression by itself.
 */
export async function readTarNames(blob: string): Promise<ByteString[]> {
  const options = ["--list", "--quoting-style=escape", "--absolute-names", "--file", blob];
  const listing = await run("tar", options);
  return fromBytes(listing)
    .split("\n")
    .filter((line) => line !== "")
    .map(unescapeName);
}

const letters: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Undoes `--quoting-style=escape` in the locale C: a backslash and three octal digits, a letter, or itself. */
export function unescapeName(line: string): ByteString {
  return line.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (letters[code] ?? code),
  );
}

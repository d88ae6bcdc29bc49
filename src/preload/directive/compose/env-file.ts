/** Variables for a project's Compose files: from `.env` beside them, or from the files that an include names. */
import { parseEnv } from "node:util";
import { interpolate, type Variables } from "./interpolate.js";

/** @param outer variables that take precedence over the file's own, and that values may use. */
export function readEnvFile(written: string, outer: Variables): ReadonlyMap<string, string> {
  // Compose accepts `NAME: value` and a byte order mark, too.
  const text = written.replace(/^\uFEFF/, "").replace(/^(\s*(?:export\s+)?[A-Za-z_][\w.]*):\s/gm, "$1=");
  const raw = new Map(Object.entries(parseEnv(text)));
  const values = new Map<string, string>();
  // In Compose, a value may use the variables above it. Node gives no order, so here it may use those below it, too.
  // Within its own value, a variable is empty.
  const expanded = (name: string): string | undefined => {
    const value = values.get(name) ?? raw.get(name);
    if (value === undefined || values.has(name)) return value;
    values.set(name, "");
    const found = isLiteral(text, name)
      ? value
      : interpolate(value, (other) => outer(other) ?? expanded(other));
    values.set(name, found);
    return found;
  };
  for (const name of raw.keys()) expanded(name);
  return values;
}

/** In single quotes, a dollar stands for itself. */
function isLiteral(text: string, name: string): boolean {
  return new RegExp(`^\\s*(?:export\\s+)?${name.replaceAll(".", "\\.")}\\s*=\\s*'`, "m").test(text);
}

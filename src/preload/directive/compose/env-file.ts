/** Variables for a project's Compose files: `.env` beside them, or the files that an include names. */
import { parseEnv } from "node:util";
import { interpolate, type Variables } from "./interpolate.js";

/** @param outer variables that a value may use and that stand before the file's own. */
export function readEnvFile(written: string, outer: Variables): ReadonlyMap<string, string> {
  // Compose takes `NAME: value`, too, and a byte order mark.
  const text = written.replace(/^\uFEFF/, "").replace(/^(\s*(?:export\s+)?[A-Za-z_][\w.]*):\s/gm, "$1=");
  const raw = new Map(Object.entries(parseEnv(text)));
  const values = new Map<string, string>();
  // A value may use those above it. Node tells no order, so that it may use those below, too; itself is empty in it.
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

/** In single quotes a dollar is a dollar. */
function isLiteral(text: string, name: string): boolean {
  return new RegExp(`^\\s*(?:export\\s+)?${name.replaceAll(".", "\\.")}\\s*=\\s*'`, "m").test(text);
}

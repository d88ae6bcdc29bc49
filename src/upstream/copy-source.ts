/**
 * A file's own name as a source of COPY in its JSON form. Quotes, dollars and backslashes have their shell meaning
 * there, and the result is a pattern of Go's path/filepath.Match. A backslash escapes only in a text that is a pattern
 * otherwise, so each special character becomes a class of one character.
 */
export function copySource(path: string): string {
  const pattern = path.replace(/[*?[\\]/g, (one) => (one === "\\" ? "[\\\\]" : `[${one}]`));
  return JSON.stringify(pattern.replace(/["'$\\]/g, "\\$&"));
}

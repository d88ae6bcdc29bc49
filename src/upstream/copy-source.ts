/**
 * A file's own name as a source of COPY in its JSON form, where quotes, dollars and backslashes mean what they mean to a
 * shell, and what remains is a pattern of Go's path/filepath.Match. A backslash escapes there only in what is a pattern
 * otherwise, so that a class of one character stands for each that is special.
 */
export function copySource(path: string): string {
  const pattern = path.replace(/[*?[\\]/g, (one) => (one === "\\" ? "[\\\\]" : `[${one}]`));
  return JSON.stringify(pattern.replace(/["'$\\]/g, "\\$&"));
}

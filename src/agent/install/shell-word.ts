/** A word as a POSIX shell reads it, whatever is in it; plain where it can be. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

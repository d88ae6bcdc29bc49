/** Quotes any text as one word of a POSIX shell. A text that needs no quotes stays as it is. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Reads facts about steps from the plain output of a build. */

/** The lines of all steps whose name contains these words. */
function linesOf(log: string, words: string): string[] {
  const named = log
    .split("\n")
    .flatMap((line) => /^(#\d+) \[.*/.exec(line) ?? [])
    .filter((_, index, all) => index % 2 === 1 && all[index - 1]?.includes(words));
  return log.split("\n").filter((line) => named.some((number) => line.startsWith(`${number} `)));
}

export function cached(log: string, words: string): boolean {
  return linesOf(log, words).some((line) => line.endsWith(" CACHED"));
}

/** The step printed something, or took some time. */
export function ran(log: string, words: string): boolean {
  return linesOf(log, words).some((line) => /^#\d+ \d+\.\d+ /.test(line));
}

/** The output of the steps with these words, without times. */
export function printed(log: string, words: string): string[] {
  return linesOf(log, words).flatMap((line) => /^#\d+ \d+\.\d+ (.*)/.exec(line)?.[1] ?? []);
}

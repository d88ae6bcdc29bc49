/** A Dockerfile without its PRELOADs, for the frontend that does not know them. Line numbers stay the same. */

/** The line numbers of PRELOAD and ONBUILD PRELOAD, with heredocs and continued lines. */
export function preloadLines(text: string): Set<number> {
  const lines = text.split(/\r?\n/);
  const escapeToken = /^#\s*escape\s*=\s*`/im.test(text) ? "`" : "\\";
  const found = new Set<number>();
  for (let start = 0; start < lines.length; start++) {
    if (isNothing(lines[start])) continue;
    const end = instructionEnd(lines, start, escapeToken);
    if (/^\s*(ONBUILD\s+)*PRELOAD(\s|$)/i.test(lines[start] ?? "")) {
      for (let line = start; line <= end; line++) found.add(line + 1);
    }
    start = end;
  }
  return found;
}

export function blankLines(text: string, numbers: ReadonlySet<number>): string {
  return text
    .split("\n")
    .map((line, index) => (numbers.has(index + 1) ? line.replace(/[^\r]/g, "") : line))
    .join("\n");
}

const isNothing = (line = ""): boolean => /^\s*(#|$)/.test(line);

function instructionEnd(lines: readonly string[], start: number, escapeToken: string): number {
  let end = start;
  while (lines[end]?.trimEnd().endsWith(escapeToken) && end + 1 < lines.length) {
    do end++;
    while (end + 1 < lines.length && isNothing(lines[end]));
  }
  if (!/^\s*(ONBUILD\s+)*(PRELOAD|RUN|COPY|ADD)\s/i.test(lines[start] ?? "")) return end;
  for (const [, dash, , name] of lines
    .slice(start, end + 1)
    .join(" ")
    .matchAll(/(?<=\s)\d*<<(-?)(["']?)([A-Za-z_]\w*)\2/g)) {
    const isEnd = (line: string) => (dash ? line.replace(/^\t+/, "") : line) === name;
    const at = lines.findIndex((line, index) => index > end && isEnd(line));
    end = at < 0 ? lines.length - 1 : at;
  }
  return end;
}

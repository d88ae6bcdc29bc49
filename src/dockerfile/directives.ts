/** A directive of a file: a comment `# name=value` before everything else. */
export interface ParserDirective {
  /** In small letters. */
  readonly name: string;
  readonly value: string;
  /** 1-based. */
  readonly line: number;
}

const names = ["syntax", "escape", "check"];

/**
 * Reads directives as BuildKit's parser does: they end at a line that is none, and at one that repeats a name.
 * @param mark the sign that begins a comment
 */
export function readDirectives(text: string, mark = "#"): ParserDirective[] {
  const directives: ParserDirective[] = [];
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  const first = lines[0]?.startsWith("#!") ? 1 : 0;
  for (const [index, line] of lines.entries()) {
    if (index < first) continue;
    const directive = line.startsWith(mark) ? parseDirective(line.slice(mark.length)) : undefined;
    if (!directive || directives.some(({ name }) => name === directive.name)) break;
    directives.push({ ...directive, line: index + 1 });
  }
  return directives;
}

function parseDirective(comment: string): Pick<ParserDirective, "name" | "value"> | undefined {
  const [, name = "", value = ""] = /^\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(comment) ?? [];
  return names.includes(name.toLowerCase()) ? { name: name.toLowerCase(), value } : undefined;
}

/** It knows heredocs of the instructions that it knows, so that PRELOAD is one of those for it. */
const preload = /^(\s*)PRELOAD(?=\s)/i;

/**
 * dockerfile-ast sees more heredocs and continued lines than BuildKit does, and after a heredoc that never
 * ends it sees nothing more. What it would get wrong is masked, character for character, before it looks.
 */
export function maskForAst(text: string): string {
  // It ends lines at a lone carriage return, too.
  return text
    .replace(/\r(?!\n)/g, " ")
    .split("\n")
    .map(maskLine)
    .join("\n");
}

const quoted = /"(?:\\.|[^"\\])*"|'[^']*'/g;
/** Two of them are an escaped one, which continues nothing. */
const doubledEscape = /(?<=([\\`]))\1(?=\s*$)/;
/** A heredoc for a file descriptor that has a number. */
const descriptor = /(?<=\s)\d+(?=<<)/g;

function maskLine(line: string): string {
  return line
    .replace(preload, "$1COPY   ")
    .replace(quoted, (text) => text.replaceAll("<<", "__"))
    .replace(doubledEscape, "_")
    .replace(descriptor, (digits) => " ".repeat(digits.length));
}

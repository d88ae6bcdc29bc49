/** dockerfile-ast finds heredocs only in instructions that it knows, so PRELOAD is shown to it as one of them. */
const preload = /^(\s*)PRELOAD(?=\s)/i;

/**
 * Masks the text, character for character, where dockerfile-ast would read it wrong: it finds more heredocs and
 * continued lines than BuildKit, and it finds nothing after a heredoc that never ends.
 */
export function maskForAst(text: string): string {
  // dockerfile-ast ends lines at a lone carriage return, too.
  return text
    .replace(/\r(?!\n)/g, " ")
    .split("\n")
    .map(maskLine)
    .join("\n");
}

const quoted = /"(?:\\.|[^"\\])*"|'[^']*'/g;
/** Two such characters are an escaped one, which continues no line. */
const doubledEscape = /(?<=([\\`]))\1(?=\s*$)/;
/** The number of a file descriptor before a heredoc. */
const descriptor = /(?<=\s)\d+(?=<<)/g;

function maskLine(line: string): string {
  return line
    .replace(preload, "$1COPY   ")
    .replace(quoted, (text) => text.replaceAll("<<", "__"))
    .replace(doubledEscape, "_")
    .replace(descriptor, (digits) => " ".repeat(digits.length));
}

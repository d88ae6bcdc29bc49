import type { Lines } from "../error.js";

/**
 * A Dockerfile that is being rewritten. Lines are replaced or made blank, never removed or added, so a line number of
 * the draft is valid in the user's file.
 */
export class Draft {
  readonly #lines: string[];

  constructor(text: string) {
    this.#lines = text.split("\n");
  }

  blank({ start, end }: Lines): this {
    for (let line = start; line <= end; line++) this.#lines[line - 1] = "";
    return this;
  }

  blankFrom(line: number): this {
    return this.blank({ start: line, end: this.#lines.length });
  }

  put(line: number, text: string): this {
    this.#lines[line - 1] = text;
    return this;
  }

  toString(): string {
    return this.#lines.join("\n");
  }
}

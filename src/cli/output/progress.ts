import type { WriteStream } from "node:tty";
import ora, { type Ora } from "ora";

/** The present step of a command: a line that changes on a terminal, a line for each step elsewhere. */
export class Progress {
  readonly #stream: WriteStream;
  #spinner: Ora | undefined;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  /** The program begins something that takes a while. */
  step(text: string): void {
    if (!this.#stream.isTTY) this.#write(text);
    else if (this.#spinner) this.#spinner.text = text;
    else this.#spinner = ora({ text, stream: this.#stream }).start();
  }

  /** A line that stays. */
  note(text: string): void {
    const step = this.#spinner?.text;
    this.end();
    this.#write(text);
    if (step !== undefined) this.step(step);
  }

  /** Clears the step. Output on stdout can follow. */
  end(): void {
    this.#spinner?.stop();
    this.#spinner = undefined;
  }

  #write(text: string): void {
    this.#stream.write(`larder: ${text}\n`);
  }
}

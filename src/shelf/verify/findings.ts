import type { DiffId } from "../../image/digest.js";

/** Something in the image that is not as it should be. */
export interface Fault {
  /** The outer layer that has it, counted from 1 at the bottom. Absent: what is missing is in no layer. */
  readonly outer?: number | undefined;
  /** The inner layer. */
  readonly layer?: DiffId | undefined;
  /** Inner images that it touches, as Docker shows their names. */
  readonly images?: readonly string[] | undefined;
  /** Absolute in the system image; absent: it is in the image's config. */
  readonly path?: string | undefined;
  /** What is there and what should be. */
  readonly what: string;
}

/** Something that this check cannot prove, or that only the reader can judge. */
export type Note = Fault;

/** What a check finds. It goes on after a fault, so that a reader sees all of them. */
export class Findings {
  readonly #faults = new Map<string, Fault>();
  readonly #notes = new Map<string, Note>();

  /** Two checks may come upon one fault. */
  fault(where: Omit<Fault, "what">, what: string): void {
    this.#faults.set(keyOf(where, what), { ...where, what });
  }

  note(where: Omit<Note, "what">, what: string): void {
    this.#notes.set(keyOf(where, what), { ...where, what });
  }

  get faults(): readonly Fault[] {
    return [...this.#faults.values()];
  }

  get notes(): readonly Note[] {
    return [...this.#notes.values()];
  }
}

function keyOf({ outer, layer, path }: Omit<Fault, "what">, what: string): string {
  return JSON.stringify([outer, layer, path, what]);
}

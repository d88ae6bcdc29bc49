/** Works on the next items while the caller checks the result of the first one. */
export class Lookahead<Item, Result> {
  readonly #items: readonly Item[];
  readonly #work: (item: Item) => Promise<Result>;
  readonly #ahead: number;
  readonly #begun = new Map<Item, Promise<Result>>();

  constructor(items: readonly Item[], work: (item: Item) => Promise<Result>, ahead = 2) {
    this.#items = items;
    this.#work = work;
    this.#ahead = ahead;
  }

  /** Callers must keep the order of the items, but may leave some out. */
  async get(item: Item): Promise<Result> {
    const first = this.#items.indexOf(item);
    for (const next of this.#items.slice(first, first + 1 + this.#ahead)) this.#begin(next);
    const result = this.#begun.get(item);
    if (!result) throw new Error("not one of the items");
    return result;
  }

  /** Resolves when no work is in progress. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#begun.values());
  }

  #begin(item: Item): void {
    if (this.#begun.has(item)) return;
    // The work starts later, when it counts as begun: it may ask for another item, and thereby begin items after that
    // one.
    const result = Promise.resolve().then(() => this.#work(item));
    // The caller who asks for the item gets the error.
    result.catch(() => undefined);
    this.#begun.set(item, result);
  }
}

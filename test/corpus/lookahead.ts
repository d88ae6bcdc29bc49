/** Does the work for the next items while the result of the first one is being looked at. */
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

  /** Items are asked for in their order, though not all of them need be. */
  async get(item: Item): Promise<Result> {
    const first = this.#items.indexOf(item);
    for (const next of this.#items.slice(first, first + 1 + this.#ahead)) this.#begin(next);
    const result = this.#begun.get(item);
    if (!result) throw new Error("not one of the items");
    return result;
  }

  /** Once nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#begun.values());
  }

  #begin(item: Item): void {
    if (this.#begun.has(item)) return;
    // Not before it counts as begun: the work may ask for another item, and begin those after that one.
    const result = Promise.resolve().then(() => this.#work(item));
    // It is for whoever asks for it to hear of a failure.
    result.catch(() => undefined);
    this.#begun.set(item, result);
  }
}

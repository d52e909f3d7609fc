// All rows are in the page: filtering and sorting need no kernel.
import type { Channel } from "../channel";
import type { Query } from "../query/rows";
import type { Page } from "../wire/sections";
import { Listeners, type RowSource, requestText } from "./source";

export class LocalRows<R, Q extends Query> implements RowSource<R, Q> {
  readonly stale = false;
  readonly notice = null;
  readonly #page: Page<R>;
  readonly #select: (query: Q) => number[];
  readonly #channel: Channel;
  readonly #listeners = new Listeners();
  #order: number[];

  /** `select` gives the rows of the page that match a query, in order; `everything` is the query to begin with. */
  constructor(page: Page<R>, select: (query: Q) => number[], everything: Q, channel: Channel) {
    this.#page = page;
    this.#select = select;
    this.#channel = channel;
    this.#order = select(everything);
  }

  get total(): number {
    return this.#order.length;
  }

  setQuery(query: Q): void {
    this.#order = this.#select(query);
    this.#listeners.tell();
  }

  row(at: number): R | undefined {
    const number = this.#order[at];
    return number === undefined ? undefined : this.#page.row(number);
  }

  want(): void {}

  retry(): void {}

  fullText(position: number, signal: AbortSignal): Promise<string> {
    return requestText(this.#channel, position, signal);
  }

  positions(start: number, stop: number): Promise<Uint32Array> {
    const places = this.#order.slice(start, stop);
    return Promise.resolve(Uint32Array.from(places, (place) => this.#page.position[place] ?? 0));
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  dispose(): void {}
}

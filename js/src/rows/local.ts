// All rows are in the page: filtering and sorting need no kernel.
import type { Channel } from "../channel";
import { EVERYTHING, type Query, type Rules, select } from "../query";
import type { Page, Row } from "../wire";
import { Listeners, type RowSource, requestText } from "./source";

export class LocalRows implements RowSource {
  readonly stale = false;
  readonly notice = null;
  readonly #page: Page;
  readonly #rules: Rules;
  readonly #channel: Channel;
  readonly #listeners = new Listeners();
  #order: number[];

  constructor(page: Page, rules: Rules, channel: Channel) {
    this.#page = page;
    this.#rules = rules;
    this.#channel = channel;
    this.#order = select(page, EVERYTHING, rules);
  }

  get total(): number {
    return this.#order.length;
  }

  setQuery(query: Query): void {
    this.#order = select(this.#page, query, this.#rules);
    this.#listeners.tell();
  }

  row(at: number): Row | undefined {
    const number = this.#order[at];
    return number === undefined ? undefined : this.#page.row(number);
  }

  want(): void {}

  retry(): void {}

  fullText(position: number, signal: AbortSignal): Promise<string> {
    return requestText(this.#channel, position, signal);
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  dispose(): void {}
}

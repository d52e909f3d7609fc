// The work goes on: the first rows are here as far as they are done, and the kernel answers no question yet.
import { type Query, sameQuery } from "../query/rows";
import type { Page } from "../wire/sections";
import { Listeners, type Notice, type RowSource, stretch } from "./source";

const BEYOND = "These rows come when the cell ends.";
const ASKED = "Rows are sorted, filtered and searched when the cell ends.";

export class PartialRows<R, Q extends Query> implements RowSource<R, Q> {
  readonly total: number;
  readonly #page: Page<R>;
  readonly #everything: Q;
  readonly #listeners = new Listeners();
  #query: Q;
  #stop = 0;

  /** `page` holds the first of `rows` rows, in the order of the input. */
  constructor(page: Page<R>, rows: number, everything: Q) {
    this.#page = page;
    this.total = rows;
    this.#everything = everything;
    this.#query = everything;
  }

  get stale(): boolean {
    return !sameQuery(this.#query, this.#everything);
  }

  get notice(): Notice | null {
    if (this.stale) return { message: ASKED, retry: false };
    return this.#stop > this.#page.count ? { message: BEYOND, retry: false } : null;
  }

  setQuery(query: Q): void {
    if (sameQuery(query, this.#query)) return;
    this.#query = query;
    this.#listeners.tell();
  }

  row(at: number): R | undefined {
    return at < this.#page.count ? this.#page.row(at) : undefined;
  }

  want(_start: number, stop: number): void {
    const before = this.notice;
    this.#stop = Math.min(stop, this.total);
    if (this.notice?.message !== before?.message) this.#listeners.tell();
  }

  retry(): void {}

  /** The rows stand in the order of the input, whatever was asked for. */
  positions(start: number, stop: number): Promise<Uint32Array> {
    return Promise.resolve(stretch(start, Math.min(stop, this.total)));
  }

  fullText(position: number): Promise<string> {
    return Promise.reject(
      new Error(position < this.#page.count ? "The rest comes when the cell ends." : BEYOND),
    );
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  dispose(): void {}
}

// The kernel keeps the rows: pages of them are asked for when they come into sight.
import type { Channel } from "../channel";
import { type Query, sameQuery } from "../query/rows";
import { type Page, type Section, Sections } from "../wire/sections";
import { Pager } from "./pager";
import { Listeners, type Notice, type RowSource, requestText } from "./source";

export const PAGE_ROWS = 100;
/** Pages kept, least recently seen dropped first: 40 pages are 4,000 rows. */
const PAGES_KEPT = 40;

interface RowsResult {
  total: number;
  start: number;
  sections: Section[];
}

/** The pages of one query. */
interface Answer<R> {
  total: number;
  pages: Map<number, Page<R>>;
}

/** How one kind's pages are read. */
export type ReadPage<R> = (sections: readonly Section[], payload: DataView | null) => Page<R>;

export class RemoteRows<R, Q extends Query> implements RowSource<R, Q> {
  readonly #channel: Channel;
  readonly #listeners = new Listeners();
  readonly #pager: Pager<{ total: number; page: Page<R> }>;
  /** What came with the header: all rows in the order of the input, of which only the first are here. */
  readonly #first: () => Answer<R>;
  readonly #read: ReadPage<R>;
  readonly #everything: Q;
  #query: Q;
  #current: Answer<R> | null;
  /** The answer to the query before: it stays in sight until the first page of the next arrives. */
  #before: Answer<R> | null = null;

  /** `first` holds the first rows in the order of the input, so that there is something to see at once. */
  constructor(channel: Channel, rows: number, first: Page<R>, read: ReadPage<R>, everything: Q) {
    this.#channel = channel;
    this.#read = read;
    this.#everything = everything;
    this.#query = everything;
    this.#first = () => ({ total: rows, pages: split(first) });
    this.#current = this.#first();
    this.#pager = new Pager({
      has: (number) => this.#touch(number),
      ask: (number, signal) => this.#ask(number, signal),
      keep: (number, { total, page }) => this.#keep(number, total, page),
      changed: () => this.#listeners.tell(),
    });
  }

  get total(): number {
    return (this.#current ?? this.#before)?.total ?? 0;
  }

  get stale(): boolean {
    return this.#current === null;
  }

  get notice(): Notice | null {
    return this.#pager.notice;
  }

  setQuery(query: Q): void {
    if (sameQuery(query, this.#query)) return;
    this.#query = query;
    if (this.#current) this.#before = this.#current;
    this.#current = sameQuery(query, this.#everything) ? this.#first() : null;
    this.#pager.restart();
    this.#listeners.tell();
  }

  row(at: number): R | undefined {
    const answer = this.#current ?? this.#before;
    const page = answer?.pages.get(Math.floor(at / PAGE_ROWS));
    const within = at % PAGE_ROWS;
    return page && within < page.count ? page.row(within) : undefined;
  }

  want(start: number, stop: number, active = start): void {
    const first = Math.floor(start / PAGE_ROWS);
    const last = Math.max(first, Math.ceil(stop / PAGE_ROWS) - 1);
    this.#pager.want(first, last, Math.floor(active / PAGE_ROWS));
  }

  retry(): void {
    this.#pager.retry();
  }

  fullText(position: number, signal: AbortSignal): Promise<string> {
    return requestText(this.#channel, position, signal);
  }

  /** Places of rows that are here are known here; for any others the kernel is asked. */
  async positions(start: number, stop: number, signal: AbortSignal): Promise<Uint32Array> {
    const known = this.#known(start, Math.min(stop, this.total));
    if (known) return known;
    const params = { start, stop, ...this.#query };
    const options = { signal, timeoutMs: Number.POSITIVE_INFINITY };
    const { result, buffers } = await this.#channel.request<{ sections: Section[] }>(
      "positions",
      params,
      options,
    );
    return new Sections(result.sections, buffers[0] ?? null).uint32("position");
  }

  #known(start: number, stop: number): Uint32Array | null {
    if (this.#current === null || stop - start > PAGES_KEPT * PAGE_ROWS) return null;
    const known = new Uint32Array(Math.max(0, stop - start));
    for (let at = start; at < stop; at++) {
      const page = this.#current.pages.get(Math.floor(at / PAGE_ROWS));
      const position = page?.position[at % PAGE_ROWS];
      if (position === undefined) return null;
      known[at - start] = position;
    }
    return known;
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  dispose(): void {
    this.#pager.dispose();
  }

  async #ask(number: number, signal: AbortSignal): Promise<{ total: number; page: Page<R> }> {
    const start = number * PAGE_ROWS;
    const params = { start, stop: start + PAGE_ROWS, ...this.#query };
    // No time limit: a busy kernel answers in the end, and the notice says why nothing happens.
    const options = { signal, timeoutMs: Number.POSITIVE_INFINITY };
    const { result, buffers } = await this.#channel.request<RowsResult>("rows", params, options);
    return { total: result.total, page: this.#read(result.sections, buffers[0] ?? null) };
  }

  #keep(number: number, total: number, page: Page<R>): void {
    this.#current ??= { total, pages: new Map() };
    this.#before = null;
    this.#current.total = total;
    keepNewest(this.#current.pages, number, page, PAGES_KEPT);
  }

  /** Whether a page is here whole; it is dropped last from now on. */
  #touch(number: number): boolean {
    if (!this.#current) return false;
    const page = this.#current.pages.get(number);
    const expected = Math.min(PAGE_ROWS, this.#current.total - number * PAGE_ROWS);
    if ((page?.count ?? 0) < expected) return false;
    if (page) keepNewest(this.#current.pages, number, page, PAGES_KEPT);
    return true;
  }
}

/** A Map keeps the order of insertion: what is put in last is dropped last. */
export function keepNewest<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}

/** The rows that came with the header, as pages; the last may be short of a page, and is asked for again in sight. */
function split<R>(first: Page<R>): Map<number, Page<R>> {
  const pages = new Map<number, Page<R>>();
  for (let number = 0; number * PAGE_ROWS < first.count; number++) {
    pages.set(number, first.slice(number * PAGE_ROWS, (number + 1) * PAGE_ROWS));
  }
  return pages;
}

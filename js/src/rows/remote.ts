// The kernel keeps the rows: pages of them are asked for when they come into sight.
import { type Channel, isAbort } from "../channel";
import { type Query, sameQuery } from "../query/rows";
import type { Page, Section } from "../wire/sections";
import { Listeners, type Notice, type RowSource, requestText } from "./source";
import { Waiting } from "./waiting";

export const PAGE_ROWS = 100;
/** Pages kept, least recently seen dropped first: 40 pages are 4,000 rows. */
const PAGES_KEPT = 40;
/** While the user drags the scroll bar, ask no more often than this. */
const PACE_MS = 60;

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
  readonly #waiting = new Waiting(() => this.#listeners.tell());
  readonly #asked = new Map<number, AbortController>();
  /** What came with the header: all rows in the order of the input, of which only the first are here. */
  readonly #first: () => Answer<R>;
  readonly #read: ReadPage<R>;
  readonly #everything: Q;
  #query: Q;
  #current: Answer<R> | null;
  /** The answer to the query before: it stays in sight until the first page of the next arrives. */
  #before: Answer<R> | null = null;
  #wanted: [number, number] = [0, PAGE_ROWS];
  #pace: ReturnType<typeof setTimeout> | undefined;
  #error: string | null = null;
  #disposed = false;

  /** `first` holds the first rows in the order of the input, so that there is something to see at once. */
  constructor(channel: Channel, rows: number, first: Page<R>, read: ReadPage<R>, everything: Q) {
    this.#channel = channel;
    this.#read = read;
    this.#everything = everything;
    this.#query = everything;
    this.#first = () => ({ total: rows, pages: split(first) });
    this.#current = this.#first();
  }

  get total(): number {
    return (this.#current ?? this.#before)?.total ?? 0;
  }

  get stale(): boolean {
    return this.#current === null;
  }

  get notice(): Notice | null {
    if (this.#error !== null) return { message: this.#error, retry: true };
    return this.#waiting.message === null ? null : { message: this.#waiting.message, retry: false };
  }

  setQuery(query: Q): void {
    if (sameQuery(query, this.#query)) return;
    this.#query = query;
    this.#cancelAll();
    if (this.#current) this.#before = this.#current;
    this.#current = sameQuery(query, this.#everything) ? this.#first() : null;
    this.#error = null;
    this.#wanted = [0, PAGE_ROWS];
    this.#fetch();
    this.#listeners.tell();
  }

  row(at: number): R | undefined {
    const answer = this.#current ?? this.#before;
    const page = answer?.pages.get(Math.floor(at / PAGE_ROWS));
    const within = at % PAGE_ROWS;
    return page && within < page.count ? page.row(within) : undefined;
  }

  /** The first wish is asked at once; those that follow quickly are gathered. */
  want(start: number, stop: number): void {
    this.#wanted = [start, stop];
    if (this.#pace !== undefined) return;
    this.#fetch();
    this.#pace = setTimeout(() => {
      this.#pace = undefined;
      this.#fetch();
    }, PACE_MS);
  }

  retry(): void {
    this.#error = null;
    this.#fetch();
    this.#listeners.tell();
  }

  fullText(position: number, signal: AbortSignal): Promise<string> {
    return requestText(this.#channel, position, signal);
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#pace);
    this.#cancelAll();
  }

  /** Ask for the pages in sight that are missing, and take back questions about pages scrolled past. */
  #fetch(): void {
    if (this.#disposed || this.#error !== null) return;
    const [start, stop] = this.#wanted;
    const first = Math.floor(start / PAGE_ROWS);
    const last = Math.max(first, Math.ceil(stop / PAGE_ROWS) - 1);
    for (const [number, controller] of this.#asked) {
      if (number < first - 1 || number > last + 1) {
        this.#asked.delete(number);
        controller.abort();
      }
    }
    for (let number = first; number <= last; number++) {
      if (this.#isWhole(number)) this.#touch(number);
      else if (!this.#asked.has(number)) void this.#ask(number);
    }
    if (this.#asked.size === 0) this.#waiting.end();
  }

  async #ask(number: number): Promise<void> {
    const controller = new AbortController();
    this.#asked.set(number, controller);
    this.#waiting.begin();
    const start = number * PAGE_ROWS;
    const params = { start, stop: start + PAGE_ROWS, ...this.#query };
    try {
      // No time limit: a busy kernel answers in the end, and the notice says why nothing happens.
      const options = { signal: controller.signal, timeoutMs: Number.POSITIVE_INFINITY };
      const { result, buffers } = await this.#channel.request<RowsResult>("rows", params, options);
      if (this.#asked.get(number) !== controller) return;
      this.#keep(number, result.total, this.#read(result.sections, buffers[0] ?? null));
    } catch (error) {
      if (isAbort(error) || this.#asked.get(number) !== controller) return;
      this.#error = error instanceof Error ? error.message : String(error);
    }
    this.#asked.delete(number);
    if (this.#asked.size === 0) this.#waiting.end();
    this.#listeners.tell();
  }

  #keep(number: number, total: number, page: Page<R>): void {
    this.#current ??= { total, pages: new Map() };
    this.#before = null;
    this.#current.total = total;
    this.#current.pages.delete(number);
    this.#current.pages.set(number, page);
    for (const oldest of this.#current.pages.keys()) {
      if (this.#current.pages.size <= PAGES_KEPT) break;
      this.#current.pages.delete(oldest);
    }
  }

  /** A Map keeps the order of insertion: put the page last, where it is dropped last. */
  #touch(number: number): void {
    const page = this.#current?.pages.get(number);
    if (!page) return;
    this.#current?.pages.delete(number);
    this.#current?.pages.set(number, page);
  }

  #isWhole(number: number): boolean {
    if (!this.#current) return false;
    const expected = Math.min(PAGE_ROWS, this.#current.total - number * PAGE_ROWS);
    return (this.#current.pages.get(number)?.count ?? 0) >= expected;
  }

  #cancelAll(): void {
    for (const controller of this.#asked.values()) controller.abort();
    this.#asked.clear();
    this.#waiting.end();
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

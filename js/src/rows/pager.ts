// Pages of something long that the kernel keeps: asked for when they come into sight, taken back when scrolled past.
import { isAbort, messageOf } from "../channel";
import type { Notice } from "./source";
import { Waiting } from "./waiting";

/** While the user drags the scroll bar, ask no more often than this. */
const PACE_MS = 60;

/** Whoever has the pages. */
export interface Keeper<A> {
  /** The page is here, whole; it was just looked at. */
  has(number: number): boolean;
  ask(number: number, signal: AbortSignal): Promise<A>;
  keep(number: number, answer: A): void;
  /** Something is to be drawn again. */
  changed(): void;
}

export class Pager<A> {
  readonly #keeper: Keeper<A>;
  readonly #waiting: Waiting;
  readonly #asked = new Map<number, AbortController>();
  #wanted: [first: number, last: number, held: number] = [0, 0, 0];
  #pace: ReturnType<typeof setTimeout> | undefined;
  #error: string | null = null;
  #disposed = false;

  constructor(keeper: Keeper<A>) {
    this.#keeper = keeper;
    this.#waiting = new Waiting(() => keeper.changed());
  }

  get notice(): Notice | null {
    if (this.#error !== null) return { message: this.#error, retry: true };
    return this.#waiting.message === null ? null : { message: this.#waiting.message, retry: false };
  }

  /**
   * Pages first to last are in sight, and one more is needed out of sight. The first wish is asked at once; those
   * that follow quickly are gathered.
   */
  want(first: number, last: number, held = first): void {
    this.#wanted = [first, last, held];
    if (this.#pace !== undefined) return;
    this.#fetch();
    this.#pace = setTimeout(() => {
      this.#pace = undefined;
      this.#fetch();
    }, PACE_MS);
  }

  /** Other pages from now on: what was asked is of no use, and page 0 is in sight. */
  restart(): void {
    this.#cancelAll();
    this.#error = null;
    this.#wanted = [0, 0, 0];
    this.#fetch();
  }

  retry(): void {
    this.#error = null;
    this.#fetch();
    this.#keeper.changed();
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#pace);
    this.#cancelAll();
  }

  /** Ask for the pages needed that are missing, and take back questions about pages scrolled past. */
  #fetch(): void {
    if (this.#disposed || this.#error !== null) return;
    const [first, last, held] = this.#wanted;
    for (const [number, controller] of this.#asked) {
      if (number !== held && (number < first - 1 || number > last + 1)) {
        this.#asked.delete(number);
        controller.abort();
      }
    }
    const ask = (number: number) => {
      if (!this.#keeper.has(number) && !this.#asked.has(number)) void this.#ask(number);
    };
    for (let number = first; number <= last; number++) ask(number);
    ask(held);
    if (this.#asked.size === 0) this.#waiting.end();
  }

  async #ask(number: number): Promise<void> {
    const controller = new AbortController();
    this.#asked.set(number, controller);
    this.#waiting.begin();
    try {
      const answer = await this.#keeper.ask(number, controller.signal);
      if (this.#asked.get(number) !== controller) return;
      this.#keeper.keep(number, answer);
    } catch (error) {
      if (isAbort(error) || this.#asked.get(number) !== controller) return;
      this.#error = messageOf(error);
    }
    this.#asked.delete(number);
    if (this.#asked.size === 0) this.#waiting.end();
    this.#keeper.changed();
  }

  #cancelAll(): void {
    for (const controller of this.#asked.values()) controller.abort();
    this.#asked.clear();
    this.#waiting.end();
  }
}

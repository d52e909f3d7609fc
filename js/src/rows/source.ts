// Where the table's rows come from. The table neither knows nor cares whether the kernel is asked.
import type { Channel } from "../channel";
import type { Query } from "../query/rows";

/** Why rows are not there yet, in words for the user. */
export interface Notice {
  message: string;
  /** Asking again may help. */
  retry: boolean;
}

/** Rows of one kind `R`, picked and ordered by queries `Q`. */
export interface RowSource<R, Q extends Query> {
  /** Rows that match the query. */
  readonly total: number;
  /** What stands in the table still answers the query before. */
  readonly stale: boolean;
  readonly notice: Notice | null;
  setQuery(query: Q): void;
  /** The row at a place in the table; undefined while it is on its way. */
  row(at: number): R | undefined;
  /** Tell which rows [start, stop) are on the screen, and which one the keyboard is on, wherever it is. */
  want(start: number, stop: number, active?: number): void;
  retry(): void;
  /** The whole text of a row of which the table has only the beginning. */
  fullText(position: number, signal: AbortSignal): Promise<string>;
  /** The numbers in the input of the rows at the places [start, stop), as far as there are such. */
  positions(start: number, stop: number, signal: AbortSignal): Promise<Uint32Array>;
  subscribe(listener: () => void): () => void;
  dispose(): void;
}

/** Listeners that are told of every change. */
export class Listeners {
  readonly #listeners = new Set<() => void>();

  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** The numbers from `start` to before `stop`. */
export function stretch(start: number, stop: number): Uint32Array {
  return Uint32Array.from({ length: Math.max(0, stop - start) }, (_, at) => start + at);
}

export async function requestText(channel: Channel, position: number, signal: AbortSignal): Promise<string> {
  const { result } = await channel.request<{ text: string }>("text", { position }, { signal });
  return result.text;
}

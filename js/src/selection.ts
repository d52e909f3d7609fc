// Which rows are selected: their numbers in the input, whatever the table's order is.
import { firstFrom } from "./sorted";

/** A set of row numbers that does not change; kept sorted, so that a million rows are four megabytes. */
export class Selection {
  static readonly none = new Selection(new Uint32Array(0));
  readonly #rows: Uint32Array;

  private constructor(rows: Uint32Array) {
    this.#rows = rows;
  }

  static of(rows: ArrayLike<number>): Selection {
    const sorted = Uint32Array.from(rows).sort();
    return new Selection(sorted.filter((row, at) => at === 0 || row !== sorted[at - 1]));
  }

  get size(): number {
    return this.#rows.length;
  }

  has(row: number): boolean {
    return this.#rows[firstFrom(this.#rows, row)] === row;
  }

  with(rows: ArrayLike<number>): Selection {
    const both = new Uint32Array(this.#rows.length + rows.length);
    both.set(this.#rows);
    both.set(rows, this.#rows.length);
    return Selection.of(both);
  }

  /** Whether it is of the same rows. */
  same(other: Selection): boolean {
    return this.size === other.size && this.#rows.every((row, at) => row === other.#rows[at]);
  }

  without(rows: ArrayLike<number>): Selection {
    const others = Selection.of(rows);
    return new Selection(this.#rows.filter((row) => !others.has(row)));
  }

  toggled(row: number): Selection {
    return this.has(row) ? this.without([row]) : this.with([row]);
  }

  toArray(): number[] {
    return Array.from(this.#rows);
  }
}

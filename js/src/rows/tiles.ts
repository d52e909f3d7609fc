// Parts of a matrix: all of it where it came with the result, else asked for where one looks, as fine as the screen is.
import type { Channel } from "../channel";
import { type Named, readNamed } from "../wire/vectors";
import { ask } from "./answers";
import { keepNewest } from "./remote";

export type Order = "input" | "cluster";

/** From one place in the order of a side to before another, and as how many cells. */
export type Stretch = readonly [start: number, stop: number, cells: number];

export interface Tile {
  rows: Stretch;
  columns: Stretch;
  values: Float32Array;
  /** Where each cell begins in the order, and where the last ends. */
  rowStarts: Uint32Array;
  columnStarts: Uint32Array;
  /** The text of each cell; none where a cell is the mean of several. */
  rowNames: Named[];
  columnNames: Named[];
}

/** Cells of a tile's side. */
export const SIDE = 256;
/** Whoever zooms on asks nothing: the kernel answers all that it is asked. */
const PAUSE_MS = 100;
/** Of a quarter of a megabyte each. */
const KEPT = 80;

/** How often two texts become one so that a side needs no more cells than it has pixels. */
export function levelFor(count: number, zoom: number, pixels: number): number {
  return Math.max(0, Math.ceil(Math.log2(count / zoom / Math.max(1, pixels))));
}

/** The tiles of a side that a part of it, from 0 to 1, is seen in. */
export function stretchesIn(count: number, level: number, from: number, to: number): Stretch[] {
  const size = SIDE * 2 ** level;
  const found: Stretch[] = [];
  for (
    let start = Math.floor((from * count) / size) * size;
    start < Math.min(count, to * count);
    start += size
  ) {
    const stop = Math.min(count, start + size);
    found.push([start, stop, Math.ceil((stop - start) / 2 ** level)]);
  }
  return found;
}

export class Tiles {
  readonly #channel: Channel | null;
  readonly #whole: ((order: Order) => Tile) | null;
  readonly #tiles = new Map<string, Tile>();
  readonly #asked = new Map<string, AbortController>();
  /** Something is to be drawn again. */
  changed: () => void = () => {};
  problem: string | null = null;

  /** `whole` gives the matrix in an order, where it is here. */
  constructor(channel: Channel | null, whole: ((order: Order) => Tile) | null) {
    this.#channel = channel;
    this.#whole = whole;
  }

  /** Those of some parts that are here; the others are asked for, and what was asked and is not among them is not. */
  want(order: Order, parts: readonly (readonly [Stretch, Stretch])[]): Tile[] {
    if (this.#whole)
      return [this.#kept(order, () => this.#whole?.(order))].filter((tile) => tile !== undefined);
    const keys = new Map(parts.map(([rows, columns]) => [`${order} ${rows} ${columns}`, { rows, columns }]));
    for (const [key, controller] of this.#asked) {
      if (keys.has(key)) continue;
      controller.abort();
      this.#asked.delete(key);
    }
    const found: Tile[] = [];
    for (const [key, { rows, columns }] of keys) {
      const tile = this.#kept(key);
      if (tile) found.push(tile);
      else if (!this.#asked.has(key)) void this.#ask(key, order, rows, columns);
    }
    return found;
  }

  get waiting(): boolean {
    return this.#asked.size > 0;
  }

  dispose(): void {
    for (const controller of this.#asked.values()) controller.abort();
  }

  #kept(key: string, make?: () => Tile | undefined): Tile | undefined {
    const tile = this.#tiles.get(key) ?? make?.();
    if (tile) keepNewest(this.#tiles, key, tile, KEPT);
    return tile;
  }

  async #ask(key: string, order: Order, rows: Stretch, columns: Stretch): Promise<void> {
    if (!this.#channel) return;
    const controller = new AbortController();
    this.#asked.set(key, controller);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    if (controller.signal.aborted) return;
    try {
      const { read } = await ask(this.#channel, "tile", { order, rows, columns }, controller.signal);
      const named = read.has("row");
      const tile = {
        rows,
        columns,
        values: read.float32("values"),
        rowStarts: read.uint32("row_starts"),
        columnStarts: read.uint32("column_starts"),
        rowNames: named ? readNamed(read, "row") : [],
        columnNames: named ? readNamed(read, "column") : [],
      };
      keepNewest(this.#tiles, key, tile, KEPT);
    } catch (error) {
      if (controller.signal.aborted) return;
      this.problem = error instanceof Error ? error.message : String(error);
      return;
    } finally {
      if (this.#asked.get(key) === controller) this.#asked.delete(key);
      this.changed();
    }
  }
}

/** A matrix that is here, with its sides in another order. */
export function ordered(tile: Tile, rows: ArrayLike<number>, columns: ArrayLike<number>): Tile {
  const width = columns.length;
  const values = new Float32Array(tile.values.length);
  for (let row = 0; row < rows.length; row++) {
    for (let column = 0; column < width; column++) {
      values[row * width + column] = tile.values[
        (rows[row] as number) * width + (columns[column] as number)
      ] as number;
    }
  }
  const take = (names: Named[], order: ArrayLike<number>) =>
    Array.from(order, (number) => names[number] as Named);
  return {
    ...tile,
    values,
    rowNames: take(tile.rowNames, rows),
    columnNames: take(tile.columnNames, columns),
  };
}

/** The least and the greatest number of a tile. */
export function endsOf({ values }: Tile): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

// Parts of a matrix: all of it where it is here, else asked for where one looks, as fine as the screen is.
import { keepNewest } from "./remote";

/** From one place in the order of a side to before another, and as how many cells. */
export type Stretch = readonly [start: number, stop: number, cells: number];

/** A part of a matrix that is asked for. */
export interface Area {
  rows: Stretch;
  columns: Stretch;
  /** Something to see at once, of a few of its rows. */
  quick?: boolean;
}

export interface Tile extends Area {
  values: Float32Array;
  /** Where each cell begins in the order, and where the last ends. */
  rowStarts: Uint32Array;
  columnStarts: Uint32Array;
}

/** Cells of a tile's side. */
export const SIDE = 256;
/** Whoever zooms on asks nothing more: the kernel answers all that it is asked. */
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

/** The tiles of matrices that `P` tells apart. */
export class Tiles<P extends object, T extends Tile> {
  readonly #ask: (params: P & Area, signal: AbortSignal) => Promise<T>;
  readonly #whole: ((params: P) => T | null) | null;
  readonly #patience: (area: Area) => number;
  readonly #tiles = new Map<string, T>();
  readonly #asked = new Map<string, AbortController>();
  /** Not asked for again before someone wants that. */
  readonly #failed = new Set<string>();
  #lastWanted = 0;
  /** Something is to be drawn again. */
  changed: () => void = () => {};
  problem: string | null = null;

  /** `whole` gives a matrix that is here; what `patience` gives is waited before a part is asked for, in ms. */
  constructor(
    ask: (params: P & Area, signal: AbortSignal) => Promise<T>,
    whole: ((params: P) => T | null) | null,
    patience: (area: Area) => number = () => 0,
  ) {
    this.#patience = patience;
    this.#ask = ask;
    this.#whole = whole;
  }

  /** Those of some parts that are here; the others are asked for, and what was asked and is not among them is not. */
  want(params: P, areas: readonly Area[]): T[] {
    const whole = this.#kept(keyOf(params), () => this.#whole?.(params) ?? undefined);
    if (whole) return [whole];
    const keys = new Map(areas.map((area) => [keyOf({ ...params, ...area }), area]));
    for (const [key, controller] of this.#asked) {
      if (keys.has(key)) continue;
      controller.abort();
      this.#asked.delete(key);
    }
    const found: T[] = [];
    const now = Date.now();
    const pause = now - this.#lastWanted < PAUSE_MS ? PAUSE_MS : 0;
    for (const [key, area] of keys) {
      const tile = this.#kept(key);
      if (tile) found.push(tile);
      else if (!this.#asked.has(key) && !this.#failed.has(key)) {
        this.#lastWanted = now;
        void this.#fetch(key, { ...params, ...area }, pause + this.#patience(area));
      }
    }
    return found;
  }

  /** Ask again for what could not be had. */
  retry(): void {
    this.problem = null;
    this.#failed.clear();
    this.changed();
  }

  /** Whether a part is here. */
  has(params: P, area: Area): boolean {
    return this.#tiles.has(keyOf(params)) || this.#tiles.has(keyOf({ ...params, ...area }));
  }

  get waiting(): boolean {
    return this.#asked.size > 0;
  }

  dispose(): void {
    for (const controller of this.#asked.values()) controller.abort();
    this.#asked.clear();
  }

  #kept(key: string, make?: () => T | undefined): T | undefined {
    const tile = this.#tiles.get(key) ?? make?.();
    if (tile) keepNewest(this.#tiles, key, tile, KEPT);
    return tile;
  }

  async #fetch(key: string, params: P & Area, pause: number): Promise<void> {
    const controller = new AbortController();
    this.#asked.set(key, controller);
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (controller.signal.aborted) return;
    try {
      keepNewest(this.#tiles, key, await this.#ask(params, controller.signal), KEPT);
    } catch (error) {
      if (controller.signal.aborted) return;
      this.#failed.add(key);
      this.problem = error instanceof Error ? error.message : String(error);
      return;
    } finally {
      if (this.#asked.get(key) === controller) this.#asked.delete(key);
      this.changed();
    }
  }
}

function keyOf(params: object): string {
  return JSON.stringify(params);
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

/** Where each of some cells of one place begins, and where the last ends. */
export function eachPlace(count: number): Uint32Array {
  return Uint32Array.from({ length: count + 1 }, (_, at) => at);
}

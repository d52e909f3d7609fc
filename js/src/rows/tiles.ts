// Parts of a matrix: all of it where it is here, else asked for where one looks, as fine as the screen is.
import { messageOf } from "../channel";
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
/** The others wait here, where they can still be dropped. */
const MOST_ASKED = 2;

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

/** A part that is wanted and not here. */
interface Wish<Q> {
  params: Q;
  /** From when on it may be asked for. */
  due: number;
  /** Set once it is asked for. */
  asked: AbortController | null;
}

/** The tiles of matrices that `P` tells apart. */
export class Tiles<P extends object, T extends Tile> {
  readonly #ask: (params: P & Area, signal: AbortSignal) => Promise<T>;
  readonly #whole: ((params: P) => T | null) | null;
  readonly #patience: (area: Area) => number;
  readonly #tiles = new Map<string, T>();
  /** In the order in which they are asked for. */
  readonly #wishes = new Map<string, Wish<P & Area>>();
  /** Not asked for again before someone wants that. */
  readonly #failed = new Set<string>();
  #lastWanted = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
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
    for (const key of this.#wishes.keys()) if (!keys.has(key)) this.#drop(key);
    const found: T[] = [];
    const now = Date.now();
    const pause = now - this.#lastWanted < PAUSE_MS ? PAUSE_MS : 0;
    for (const [key, area] of keys) {
      const tile = this.#kept(key);
      if (tile) found.push(tile);
      else if (!this.#wishes.has(key) && !this.#failed.has(key)) {
        this.#lastWanted = now;
        const due = now + pause + this.#patience(area);
        this.#wishes.set(key, { params: { ...params, ...area }, due, asked: null });
      }
    }
    this.#plan();
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
    return this.#wishes.size > 0;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const key of this.#wishes.keys()) this.#drop(key);
  }

  #kept(key: string, make?: () => T | undefined): T | undefined {
    const tile = this.#tiles.get(key) ?? make?.();
    if (tile) keepNewest(this.#tiles, key, tile, KEPT);
    return tile;
  }

  #drop(key: string): void {
    this.#wishes.get(key)?.asked?.abort();
    this.#wishes.delete(key);
  }

  /** Ask for the first of those whose time has come when it has. */
  #plan(): void {
    clearTimeout(this.#timer);
    const wishes = [...this.#wishes.values()];
    const rest = wishes.filter(({ asked }) => !asked);
    if (rest.length === 0 || wishes.length - rest.length >= MOST_ASKED) return;
    const wait = Math.min(...rest.map(({ due }) => due)) - Date.now();
    this.#timer = setTimeout(
      () => {
        const now = Date.now();
        const next = [...this.#wishes].find(([, { asked, due }]) => !asked && due <= now);
        if (next) void this.#fetch(...next);
        this.#plan();
      },
      Math.max(0, wait),
    );
  }

  async #fetch(key: string, wish: Wish<P & Area>): Promise<void> {
    const controller = new AbortController();
    wish.asked = controller;
    try {
      keepNewest(this.#tiles, key, await this.#ask(wish.params, controller.signal), KEPT);
    } catch (error) {
      if (controller.signal.aborted) return;
      this.#failed.add(key);
      this.problem = messageOf(error);
    } finally {
      if (this.#wishes.get(key) === wish) this.#wishes.delete(key);
      this.#plan();
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

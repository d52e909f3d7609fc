// Blocks of unlike heights, one below another, most of them never measured.

export class Heights {
  readonly #heights: Float64Array;
  readonly #known: Uint8Array;
  /** Top of each block, and the bottom of the last. */
  readonly #tops: Float64Array;
  #fresh = 0;

  constructor(count: number, estimate: number) {
    this.#heights = new Float64Array(count).fill(estimate);
    this.#known = new Uint8Array(count);
    this.#tops = new Float64Array(count + 1);
  }

  get count(): number {
    return this.#heights.length;
  }

  get total(): number {
    return this.top(this.count);
  }

  /** Take note of a measured height; gives how much taller the block is than it was thought to be. */
  set(block: number, height: number): number {
    const more = height - (this.#heights[block] ?? 0);
    this.#known[block] = 1;
    if (Math.abs(more) < 0.5) return 0;
    this.#heights[block] = height;
    this.#fresh = Math.min(this.#fresh, block);
    return more;
  }

  /** What those that were never measured are thought to be. */
  guess(height: number): void {
    for (let block = 0; block < this.count; block++) {
      if (!this.#known[block]) this.#heights[block] = height;
    }
    this.#fresh = 0;
  }

  top(block: number): number {
    for (; this.#fresh < block; this.#fresh++) {
      this.#tops[this.#fresh + 1] = (this.#tops[this.#fresh] ?? 0) + (this.#heights[this.#fresh] ?? 0);
    }
    return this.#tops[block] ?? 0;
  }

  /** The block at a distance from the top. */
  at(distance: number): number {
    const total = this.total;
    if (distance >= total) return Math.max(0, this.count - 1);
    let low = 0;
    let high = this.count;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.top(middle) <= distance) low = middle;
      else high = middle;
    }
    return low;
  }
}

// As many points of a curve as there are pixels: of each stretch the least, the greatest, the mean and the smoothed value.

/** Points of a curve: where each stands, and its value. */
export interface Along {
  steps: Uint32Array | Float64Array;
  values: Float32Array;
}

/** Columns of one length, an entry a stretch; NaN where nothing in it is finite. */
export interface Thinned {
  /** The step in the middle; an epoch, a time or a learning rate where that is what was gone along. */
  step: Uint32Array | Float64Array;
  low: Float32Array;
  high: Float32Array;
  mean: Float32Array;
  /** The smoothed value at the end. */
  smooth: Float32Array;
  /** Each stretch is a single point. */
  isExact: boolean;
}

/** A curve smoothed as it grows: each value by those before it, the further back the less. */
export class Smoothed {
  readonly #weight: number;
  #values = new Float32Array(1_024);
  #length = 0;
  #sum = 0;
  #weights = 0;

  /** `weight` is how much of a mean is what came before, from 0 (nothing) to just below 1. */
  constructor(weight: number) {
    this.#weight = weight;
  }

  /** The smoothed values of points of which the first were smoothed before; what is not finite is passed over. */
  of({ values }: Pick<Along, "values">): Float32Array {
    if (this.#weight === 0) return values;
    const count = values.length;
    if (count > this.#values.length) {
      const grown = new Float32Array(Math.max(count, 2 * this.#values.length));
      grown.set(this.#values);
      this.#values = grown;
    }
    for (let at = this.#length; at < count; at++) {
      const value = values[at] as number;
      if (value - value === 0) {
        this.#sum = this.#weight * this.#sum + (1 - this.#weight) * value;
        this.#weights = this.#weight * this.#weights + (1 - this.#weight);
      }
      // By the weights that there are: else the first means were pulled to zero.
      this.#values[at] = this.#sum / this.#weights;
    }
    this.#length = Math.max(this.#length, count);
    return this.#values.subarray(0, count);
  }
}

/** The points [start, stop) in at most so many stretches of about equally many points. */
export function thin(
  points: Along,
  smoothed: Float32Array,
  [start, stop]: readonly [number, number],
  most: number,
): Thinned {
  const { steps, values } = points;
  const all = Math.max(0, stop - start);
  const count = Math.min(all, Math.max(1, most));
  const thinned = { ...emptyThinned(count, count === all), step: steps.slice(0, count) };
  for (let stretch = 0; stretch < count; stretch++) {
    const from = start + Math.round((stretch * all) / count);
    const to = start + Math.round(((stretch + 1) * all) / count);
    let [low, high, sum, finite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
    for (let at = from; at < to; at++) {
      const value = values[at] as number;
      if (value < low) low = value;
      if (value > high) high = value;
      if (value - value === 0) {
        sum += value;
        finite += 1;
      }
    }
    thinned.step[stretch] = steps[from + ((to - from - 1) >> 1)] as number;
    thinned.low[stretch] = finite > 0 ? low : Number.NaN;
    thinned.high[stretch] = finite > 0 ? high : Number.NaN;
    thinned.mean[stretch] = sum / finite;
    thinned.smooth[stretch] = smoothed[to - 1] as number;
  }
  return thinned;
}

export function emptyThinned(count: number, isExact = true): Thinned {
  return {
    step: new Uint32Array(count),
    low: new Float32Array(count),
    high: new Float32Array(count),
    mean: new Float32Array(count),
    smooth: new Float32Array(count),
    isExact,
  };
}

const COLUMNS = ["step", "low", "high", "mean", "smooth"] as const;

/** One behind the other. */
export function joined(first: Thinned, second: Thinned): Thinned {
  const count = first.step.length;
  const both = emptyThinned(count + second.step.length, first.isExact && second.isExact);
  for (const name of COLUMNS) {
    both[name].set(first[name]);
    both[name].set(second[name], count);
  }
  return both;
}

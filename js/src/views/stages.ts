// What a score goes through on its way to a weight, key by key: the stages are those that the model has.
import type { Steps } from "../wire/attentionsteps";

/** The numbers of one key. */
export interface Stages {
  /** The sum of q × k over the dimensions. */
  sum: number;
  scaled: number;
  /** Null where the model has no cap, or no bias. */
  capped: number | null;
  bias: number | null;
  masked: boolean;
  /** What the softmax is taken of. */
  score: number;
  weight: number;
}

/** The stages of the key that stands at a place of the list. */
export function stagesOf(steps: Steps, at: number): Stages {
  const { scaling, softcap, dims } = steps.facts;
  let sum = 0;
  for (const product of steps.products.subarray(at * dims, (at + 1) * dims)) sum += product;
  const scaled = sum * scaling;
  return {
    sum,
    scaled,
    capped: softcap === null ? null : softcap * Math.tanh(scaled / softcap),
    bias: steps.bias?.[at] ?? null,
    masked: steps.masked[at] === 1,
    score: steps.scores[at] ?? Number.NaN,
    weight: steps.weights[at] ?? Number.NaN,
  };
}

/** Whether the products are divided by the root of the dimensions; some models multiply by a number of their own. */
export function isByRoot({ facts: { scaling, dims } }: Steps): boolean {
  return Math.abs(scaling * Math.sqrt(dims) - 1) < 1e-5;
}

/** Whether the products are multiplied by anything: those of T5 are not. */
export function isScaled({ facts: { scaling } }: Steps): boolean {
  return scaling !== 1;
}

/** The place in the list of the key with the greatest weight. */
export function heaviestKey({ weights }: Steps): number {
  return weights.reduce((best, weight, at) => (weight > (weights[best] ?? 0) ? at : best), 0);
}

/** The farthest from zero. */
export function farthest(values: ArrayLike<number>): number {
  let most = 0;
  for (let at = 0; at < values.length; at++) {
    const size = Math.abs(values[at] as number);
    if (size > most && size < Number.POSITIVE_INFINITY) most = size;
  }
  return most;
}

/** As many figures as float32 has, without those that say nothing. */
export function figures(value: number): string {
  if (value === Number.NEGATIVE_INFINITY) return "−∞";
  if (Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  const written =
    size !== 0 && (size < 1e-4 || size >= 1e6)
      ? value.toExponential(4)
      : String(Number(value.toPrecision(6)));
  return written.replaceAll("-", "−");
}

/** A number in a column: of one width, so that one can be compared with the next. */
export function brief(value: number): string {
  if (value === Number.NEGATIVE_INFINITY) return "−∞";
  if (Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  const written = size >= 1000 ? value.toExponential(1) : value.toFixed(size >= 100 ? 1 : 3);
  return (Number(written) === 0 ? written.replace("-", "") : written).replaceAll("-", "−");
}

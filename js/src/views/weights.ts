// Where the lines view has its weights from: the header, where it holds them all, else the kernel.
import type { PartFacts, Reading } from "../wire/attention";
import type { Place, Weights } from "./edges";
import type { Ask } from "./looking";

/** A head of a layer, or several. */
export interface Where {
  part: PartFacts;
  layer: number;
  heads: readonly number[];
  /** Of whole words in the place of tokens. */
  words?: boolean;
}

/** From one token to before another. */
export type Stretch = readonly [start: number, stop: number];

/** Asked for are whole blocks, so that to scroll a little asks nothing. */
const BLOCK = 32;

/** The blocks of tokens that some places are in. */
export function blocksOf(places: readonly Place[], first: number, last: number, count: number): Stretch {
  const [from, to] = [places[first], places[Math.min(last, places.length) - 1]];
  if (!from || !to) return [0, 0];
  return [Math.floor(from.start / BLOCK) * BLOCK, Math.min(count, Math.ceil(to.stop / BLOCK) * BLOCK)];
}

/** A question holds no more. */
const MOST_HEADS = 16;
const MOST_QUERIES = 4;

/** The strongest weights within a stretch of queries and one of keys: up to `most` of every sixteen heads. */
export async function askEdges(
  ask: Ask,
  { part, layer, heads, words = false }: Where,
  rows: Stretch,
  columns: Stretch,
  most: number,
  signal: AbortSignal,
): Promise<Weights> {
  const questions: Promise<Weights>[] = [];
  for (let h = 0; h < heads.length; h += MOST_HEADS) {
    const some = heads.slice(h, h + MOST_HEADS);
    const params = { part: part.part, layer, heads: some, rows, columns, most, ...(words ? { words } : {}) };
    questions.push(
      ask("edges", params, signal).then(({ read }) => ({
        head: read.uint16("head"),
        query: read.uint32("query"),
        key: read.uint32("key"),
        weight: read.float32("weight"),
      })),
    );
  }
  const found = await Promise.all(questions);
  const all = (name: Exclude<keyof Weights, "words">) => found.flatMap((part) => Array.from(part[name]));
  return { head: all("head"), query: all("query"), key: all("key"), weight: all("weight"), words };
}

/** The weights of some queries to all keys, by head and query. */
export interface Rows {
  heads: readonly number[];
  queries: readonly number[];
  keys: number;
  /** `[head, query, key]`. */
  weights: Float32Array;
}

/** The weights of some queries, asked for in as many parts as the kernel takes at once. */
export async function askRows(
  ask: Ask,
  { part, layer, heads }: Where,
  queries: readonly number[],
  signal: AbortSignal,
): Promise<Rows> {
  const { keys } = part;
  const weights = new Float32Array(heads.length * queries.length * keys);
  const questions: Promise<void>[] = [];
  for (let h = 0; h < heads.length; h += MOST_HEADS) {
    for (let q = 0; q < queries.length; q += MOST_QUERIES) {
      const [some, few] = [heads.slice(h, h + MOST_HEADS), queries.slice(q, q + MOST_QUERIES)];
      const params = { part: part.part, layer, heads: some, queries: few };
      questions.push(
        ask("rows", params, signal).then(({ read }) => {
          const here = read.float32("weights");
          for (let at = 0; at < some.length; at++) {
            const from = at * few.length * keys;
            weights.set(
              here.subarray(from, from + few.length * keys),
              ((h + at) * queries.length + q) * keys,
            );
          }
        }),
      );
    }
  }
  await Promise.all(questions);
  return { heads, queries, keys, weights };
}

/** The rows of some queries where all weights came with the header. */
export function wholeRows(reading: Reading, { part, layer, heads }: Where, queries: readonly number[]): Rows {
  const { keys } = part;
  const weights = new Float32Array(heads.length * queries.length * keys);
  heads.forEach((head, h) => {
    const all = reading.weights(part, layer, head);
    queries.forEach((query, q) => {
      if (all) weights.set(all.subarray(query * keys, (query + 1) * keys), (h * queries.length + q) * keys);
    });
  });
  return { heads, queries, keys, weights };
}

/** The weights of rows to a stretch of the keys, one by one. */
export function weightsOf({ heads, queries, keys, weights }: Rows, [start, stop]: Stretch): Weights {
  const found = { head: [] as number[], query: [] as number[], key: [] as number[], weight: [] as number[] };
  for (let row = 0; row < heads.length * queries.length; row++) {
    for (let key = start; key < stop; key++) {
      found.head.push(heads[Math.floor(row / queries.length)] ?? 0);
      found.query.push(queries[row % queries.length] ?? 0);
      found.key.push(key);
      found.weight.push(weights[row * keys + key] ?? 0);
    }
  }
  return found;
}

/** What one place gives to each key: the mean over its queries and over the heads; NaN where none has a partner. */
export function meanRow({ keys, weights }: Rows): Float32Array {
  const [sums, counts] = [new Float64Array(keys), new Uint32Array(keys)];
  weights.forEach((weight, at) => {
    if (Number.isNaN(weight)) return;
    sums[at % keys] = (sums[at % keys] ?? 0) + weight;
    counts[at % keys] = (counts[at % keys] ?? 0) + 1;
  });
  return Float32Array.from(sums, (sum, key) => sum / (counts[key] ?? 0));
}

/** What a place gives to each place of the keys, of each head: the heaviest, heaviest first; none without a partner. */
export function heaviest({ heads, queries, keys, weights }: Rows, places: readonly Place[], most: number) {
  const found: { head: number; to: number; weight: number }[] = [];
  const isLess = (weight: number) =>
    found.length >= most && Math.abs(weight) <= Math.abs(found.at(-1)?.weight ?? 0);
  heads.forEach((head, h) => {
    places.forEach(({ start, stop }, to) => {
      let weight = 0;
      for (let q = 0; q < queries.length; q++) {
        const from = (h * queries.length + q) * keys;
        for (let key = start; key < stop; key++) weight += weights[from + key] ?? 0;
      }
      weight /= queries.length;
      if (!weight || isLess(weight)) return; // NaN, too
      const before = found.findIndex((other) => Math.abs(other.weight) < Math.abs(weight));
      found.splice(before < 0 ? found.length : before, 0, { head, to, weight });
      found.splice(most);
    });
  });
  return found;
}

// The lines between the tokens of two columns: which there are, and which of them are strong enough to be drawn.

import { visible } from "../tokens/marks";
import type { Token, Tokens } from "../wire/attention";
import type { Scale } from "./looking";

/** The tokens of one side; undefined while a token is on its way. */
export type Side = Pick<Tokens, "count" | "at">;

/** A line of a column: one token, or those of a word, from the first to before the last. */
export interface Place {
  start: number;
  stop: number;
}

/** Of a pair, both texts or one alone. */
export type Which = "both" | "first" | "second";

export interface Shown {
  hideSpecial: boolean;
  words: boolean;
  text: Which;
}

/** The lines of a column, in the order of the text. */
export function placesOf(side: Side, { hideSpecial, words, text }: Shown): Place[] {
  const places: Place[] = [];
  let open = -1;
  let isSecond = false;
  for (let token = 0; token < side.count; token++) {
    const facts = side.at(token);
    // A special token belongs to the text that it stands behind.
    if (!facts?.special) isSecond = facts?.second ?? isSecond;
    const word = words ? (facts?.word ?? -1) : -1;
    const last = places.at(-1);
    if (facts?.special && hideSpecial) open = -1;
    else if (facts && text !== "both" && isSecond !== (text === "second")) open = -1;
    else if (word >= 0 && word === open && last) last.stop = token + 1;
    else {
      places.push({ start: token, stop: token + 1 });
      open = word;
    }
  }
  return places;
}

/** What stands at a place: of a word, the text of its tokens; two that share a character have it once. */
export function textOf(side: Side, { start, stop }: Place): string {
  let [text, reached] = ["", 0];
  for (let token = start; token < stop; token++) {
    const facts = side.at(token);
    if (!facts) return "…";
    if (facts.special) return facts.text;
    const fresh = [...facts.text].slice(Math.max(0, reached - facts.start));
    text += token === start ? facts.text : fresh.join("");
    reached = Math.max(reached, facts.stop);
  }
  return text;
}

/** How a token is told from others of the same text: its piece, and its place. */
export function nameOf(side: Side, { start, stop }: Place): string {
  const pieces: Token[] = [];
  for (let token = start; token < stop; token++) {
    const facts = side.at(token);
    if (facts) pieces.push(facts);
  }
  const numbers = stop - start > 1 ? `tokens ${start}–${stop - 1}` : `token ${start}`;
  return `${pieces.map(({ piece }) => visible(piece)).join(" ")} · ${numbers}`;
}

/** The place that a token stands in, of those from the first to before the last; -1 where there is none. */
export function placeOf(places: readonly Place[], token: number, first = 0, last = places.length): number {
  // Places are in the order of their tokens.
  let [low, high] = [first, Math.min(last, places.length) - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { start, stop } = places[middle] as Place;
    if (token < start) high = middle - 1;
    else if (token >= stop) low = middle + 1;
    else return middle;
  }
  return -1;
}

/** Single weights: of a head, from a query token to a key token. */
export interface Weights {
  head: ArrayLike<number>;
  query: ArrayLike<number>;
  key: ArrayLike<number>;
  weight: ArrayLike<number>;
  /** They are of whole words, each told by its first token. */
  words?: boolean;
}

/** A line to draw: from a place of the queries to a place of the keys. */
export interface Edge {
  head: number;
  from: number;
  to: number;
  weight: number;
}

/** The places of both columns, and which of them are in sight: from the first to before the last. */
export interface Sight {
  queries: readonly Place[];
  keys: readonly Place[];
  from: readonly [first: number, last: number];
  to: readonly [first: number, last: number];
}

/**
 * The lines in sight: to a word goes the sum of what its tokens get, from a word the mean of what they give.
 * Of a difference there is no line where a token has no partner, whose weight is NaN.
 */
export function edgesOf(weights: Weights, { queries, keys, from, to }: Sight): Edge[] {
  const found = new Map<number, Edge>();
  const [wide, high] = [to[1] - to[0], from[1] - from[0]];
  for (let at = 0; at < weights.weight.length; at++) {
    const query = placeOf(queries, weights.query[at] as number, ...from);
    const key = query < 0 ? -1 : placeOf(keys, weights.key[at] as number, ...to);
    if (key < 0) continue;
    const { start, stop } = queries[query] as Place;
    const weight = (weights.weight[at] as number) / (weights.words ? 1 : stop - start);
    const head = weights.head[at] as number;
    const name = (head * high + query - from[0]) * wide + key - to[0];
    const edge = found.get(name);
    if (edge) edge.weight += weight;
    else found.set(name, { head, from: query, to: key, weight });
  }
  return [...found.values()].filter(({ weight }) => !Number.isNaN(weight));
}

/** The strongest lines, the strongest last: it is drawn over the others. */
export function strongest(edges: readonly Edge[], most: number): Edge[] {
  return edges
    .filter(({ weight }) => weight !== 0)
    .sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight))
    .slice(0, most)
    .reverse();
}

/** Weights of less than this share of the strongest are drawn alike by a logarithmic scale. */
const DECADES = 3;

/** How strongly each line is drawn, from 0 to 1: beside the strongest of all, or of those of its query and head. */
export function strengths(edges: readonly Edge[], scale: Scale): number[] {
  const name = ({ head, from }: Edge) => (scale === "row" ? `${head} ${from}` : "");
  const most = new Map<string, number>();
  for (const edge of edges) {
    most.set(name(edge), Math.max(most.get(name(edge)) ?? 0, Math.abs(edge.weight)));
  }
  return edges.map((edge) => {
    const share = Math.abs(edge.weight) / (most.get(name(edge)) || 1);
    return scale === "log" ? Math.max(0, 1 + Math.log10(share) / DECADES) : share;
  });
}

/**
 * Of the weight that a query gives, how much goes to keys before, within and behind a stretch of the places; of a
 * difference, how much of what differs.
 */
export function sharesAround(
  row: ArrayLike<number>,
  places: readonly Place[],
  first: number,
  last: number,
): { above: number; within: number; below: number } {
  const shares = { above: 0, within: 0, below: 0 };
  places.forEach(({ start, stop }, at) => {
    const where = at < first ? "above" : at >= last ? "below" : "within";
    for (let key = start; key < stop; key++) shares[where] += Math.abs(row[key] || 0);
  });
  return shares;
}

/** The heaviest weight in each of so many equal stretches of the places: a text from afar. */
export function fromAfar(row: ArrayLike<number>, places: readonly Place[], stretches: number): number[] {
  const most = new Array<number>(Math.min(stretches, places.length)).fill(0);
  places.forEach(({ start, stop }, at) => {
    const stretch = Math.floor((at * most.length) / places.length);
    let sum = 0;
    for (let key = start; key < stop; key++) sum += Math.abs(row[key] || 0);
    most[stretch] = Math.max(most[stretch] ?? 0, sum);
  });
  return most;
}

// What to show of a result, and in what order. Python answers the same query for rows that it keeps:
// both ends follow these rules to the letter, and one golden file holds them to it.
import { compareCodePoints } from "./text";
import type { Page, Problem } from "./wire";

export type SortKey = "row" | "text" | "label" | "score" | number;

export interface Sort {
  by: SortKey;
  descending: boolean;
}

export type LabelFilter = null | number | "without_score";

export interface Query {
  sort: Sort;
  label: LabelFilter;
  search: string;
}

export const EVERYTHING: Query = { sort: { by: "row", descending: false }, label: null, search: "" };

/** What a label filter depends on, beside the rows themselves. */
export interface Rules {
  problem: Problem;
  threshold: number;
}

export function sameQuery(a: Query, b: Query): boolean {
  return (
    a.sort.by === b.sort.by &&
    a.sort.descending === b.sort.descending &&
    a.label === b.label &&
    a.search === b.search
  );
}

/** The rows of a page that match, in order, as numbers within the page. */
export function select(page: Page, query: Query, rules: Rules): number[] {
  const matches = matcher(page, query, rules);
  const found: number[] = [];
  for (let at = 0; at < page.count; at++) if (matches(at)) found.push(at);
  return found.sort(comparer(page, query.sort));
}

function matcher(page: Page, query: Query, rules: Rules): (at: number) => boolean {
  const needle = query.search.toLowerCase();
  const byText = (at: number) =>
    needle === "" ||
    page.text(at).toLowerCase().includes(needle) ||
    page.index(at).toLowerCase().includes(needle);
  const byLabel = labelMatcher(page, query.label, rules);
  return (at) => byLabel(at) && byText(at);
}

function labelMatcher(page: Page, label: LabelFilter, rules: Rules): (at: number) => boolean {
  if (label === null) return () => true;
  if (label === "without_score") return (at) => page.best(at) < 0;
  if (rules.problem !== "multi_label") return (at) => page.best(at) === label;
  const threshold = asFloat32(rules.threshold);
  return (at) => page.score(at, label) >= threshold;
}

/** Scores are float32, so a threshold is compared as one: 0.7 reaches a threshold of 0.7. */
export function asFloat32(threshold: number): number {
  return Math.fround(threshold);
}

type Compare = (a: number, b: number) => number;

/** Rows without a key come last in either direction; equal rows keep the order of the input in either direction. */
function comparer(page: Page, sort: Sort): Compare {
  const byPosition: Compare = (a, b) => (page.position[a] ?? 0) - (page.position[b] ?? 0);
  const sign = sort.descending ? -1 : 1;
  if (sort.by === "row") return (a, b) => sign * byPosition(a, b);
  if (sort.by === "text") {
    return (a, b) => {
      const left = page.text(a);
      const right = page.text(b);
      if (left === "" || right === "") {
        return Number(left === "") - Number(right === "") || byPosition(a, b);
      }
      return sign * compareCodePoints(left, right) || byPosition(a, b);
    };
  }
  const keys = numericKeys(page, sort.by);
  return (a, b) => {
    const left = keys[a] ?? Number.NaN;
    const right = keys[b] ?? Number.NaN;
    if (Number.isNaN(left) || Number.isNaN(right)) {
      return Number(Number.isNaN(left)) - Number(Number.isNaN(right)) || byPosition(a, b);
    }
    return sign * (left - right) || byPosition(a, b);
  };
}

function numericKeys(page: Page, by: "label" | "score" | number): Float64Array {
  const keys = new Float64Array(page.count);
  for (let at = 0; at < page.count; at++) {
    const best = page.best(at);
    if (best < 0) keys[at] = Number.NaN;
    else if (by === "label") keys[at] = best;
    else keys[at] = page.score(at, by === "score" ? best : by);
  }
  return keys;
}

// What to show of a classification.
import type { ClassifyPage, Problem } from "../wire/classify";
import { type Query, type Sort, searchMatcher, selectRows } from "./rows";

export type ClassifySortKey = "row" | "text" | "label" | "score" | number;

export type LabelFilter = null | number | "without_score";

export interface ClassifyQuery extends Query {
  sort: Sort<ClassifySortKey>;
  label: LabelFilter;
}

export const EVERYTHING: ClassifyQuery = {
  sort: { by: "row", descending: false },
  label: null,
  search: "",
};

/** What a label filter depends on, beside the rows themselves. */
export interface Rules {
  problem: Problem;
  threshold: number;
}

/** The rows of a page that match, in order, as numbers within the page. */
export function select(page: ClassifyPage, query: ClassifyQuery, rules: Rules): number[] {
  const bySearch = searchMatcher(page, query.search);
  const byLabel = labelMatcher(page, query.label, rules);
  return selectRows(
    page,
    (at) => byLabel(at) && bySearch(at),
    query.sort,
    () => numericKeys(page, query.sort.by),
  );
}

function labelMatcher(page: ClassifyPage, label: LabelFilter, rules: Rules): (at: number) => boolean {
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

function numericKeys(page: ClassifyPage, by: ClassifySortKey): Float64Array {
  const keys = new Float64Array(page.count);
  for (let at = 0; at < page.count; at++) {
    const best = page.best(at);
    if (best < 0) keys[at] = Number.NaN;
    else if (by === "label") keys[at] = best;
    else keys[at] = page.score(at, typeof by === "number" ? by : best);
  }
  return keys;
}

// What to show of answers.
import type { AnswerPage } from "../wire/answer";
import type { LabelFilter } from "./classify";
import { type Query, type Sort, searchMatcher, selectRows } from "./rows";

export interface AnswerQuery extends Query {
  sort: Sort<"row" | "text" | "score">;
  /** 0 for rows with an answer, 1 for those without, or `without_score` for those that were not answered. */
  label: LabelFilter;
}

export const EVERYTHING: AnswerQuery = { sort: { by: "row", descending: false }, label: null, search: "" };

/** The rows of a page that match, in order, as numbers within the page. */
export function select(page: AnswerPage, { sort, label, search }: AnswerQuery): number[] {
  const bySearch = searchMatcher(page, search);
  const byLabel = (at: number) => {
    if (label === null) return true;
    const best = page.best(at);
    return label === (best === undefined ? "without_score" : Number(best.text === ""));
  };
  const keys = () => Float64Array.from({ length: page.count }, (_, at) => page.best(at)?.score ?? Number.NaN);
  return selectRows(page, (at) => byLabel(at) && bySearch(at), sort, keys);
}

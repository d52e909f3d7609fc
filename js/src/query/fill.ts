// What to show of filled masks.
import type { FillPage } from "../wire/fill";
import { type Query, type Sort, searchMatcher, selectRows } from "./rows";

export interface FillQuery extends Query {
  sort: Sort<"row" | "text" | "score">;
}

export const EVERYTHING: FillQuery = { sort: { by: "row", descending: false }, search: "" };

/** The rows of a page that match, in order, as numbers within the page. */
export function select(page: FillPage, { sort, search }: FillQuery): number[] {
  const keys = () => Float64Array.from({ length: page.count }, (_, at) => page.score(at));
  return selectRows(page, searchMatcher(page, search), sort, keys);
}

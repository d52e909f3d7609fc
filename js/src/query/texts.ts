// What to show of rows that are only texts.
import type { TextPage } from "../wire/texts";
import { type Query, type Sort, searchMatcher, selectRows } from "./rows";

export interface TextQuery extends Query {
  sort: Sort<"row" | "text">;
}

export const EVERYTHING: TextQuery = { sort: { by: "row", descending: false }, search: "" };

/** The rows of a page that match, in order, as numbers within the page. */
export function select(page: TextPage, { sort, search }: TextQuery): number[] {
  return selectRows(page, searchMatcher(page, search), sort, () => new Float64Array());
}

// What to show of a tokenization.
import type { TokenPage } from "../wire/tokenize";
import { type Query, type Sort, searchMatcher, selectRows } from "./rows";

/** `tokens1` is the number of tokens by the second tokenizer. */
export type TokenizeSortKey = "row" | "text" | `tokens${number}`;

export interface TokenizeQuery extends Query {
  sort: Sort<TokenizeSortKey>;
}

export const EVERYTHING: TokenizeQuery = { sort: { by: "row", descending: false }, search: "" };

/** The rows of a page that match, in order, as numbers within the page. */
export function select(page: TokenPage, { sort, search }: TokenizeQuery): number[] {
  return selectRows(page, searchMatcher(page, search), sort, () => tokenCounts(page, sort.by));
}

function tokenCounts(page: TokenPage, by: TokenizeSortKey): Float64Array {
  const tokenizer = Number(by.slice("tokens".length));
  return Float64Array.from({ length: page.count }, (_, at) =>
    page.hasReason(at) ? Number.NaN : page.tokenCount(at, tokenizer),
  );
}

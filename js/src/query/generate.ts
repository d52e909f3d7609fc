// What to show of generated texts.
import { compareCodePoints } from "../text";
import { type GeneratePage, writtenText } from "../wire/generate";
import { type Query, type Sort, searchMatcher, selectRows } from "./rows";

export type GenerateSortKey = "row" | "text" | "written" | "tokens" | "mean" | "ending";

export interface GenerateQuery extends Query {
  sort: Sort<GenerateSortKey>;
}

export const EVERYTHING: GenerateQuery = { sort: { by: "row", descending: false }, search: "" };

/** The rows of a page that match, in order, as numbers within the page. */
export function select(page: GeneratePage, { sort, search }: GenerateQuery): number[] {
  return selectRows(page, searchMatcher(page, search), sort, () => keysOf(page, sort.by));
}

function keysOf(page: GeneratePage, by: GenerateSortKey): Float64Array {
  const written = by === "written";
  const keys = Float64Array.from({ length: page.count }, (_, at) =>
    page.key(at, written ? "tokens" : (by as "tokens" | "mean" | "ending")),
  );
  if (!written) return keys;
  const texts = Array.from(keys, (_, at) => writtenText(page.row(at)));
  const ranks = new Map([...new Set(texts)].sort(compareCodePoints).map((text, rank) => [text, rank]));
  return keys.map((key, at) => (Number.isNaN(key) ? key : (ranks.get(texts[at] ?? "") ?? key)));
}

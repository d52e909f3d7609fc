// What to show of entities.
import type { EntityPage } from "../wire/entities";
import { type Query, type Sort, searchMatcher, selectRows } from "./rows";

export interface EntitiesQuery extends Query {
  sort: Sort<"row" | "text" | "entities">;
  /** Only rows that have an entity of this type. */
  type: number | null;
}

export const EVERYTHING: EntitiesQuery = { sort: { by: "row", descending: false }, type: null, search: "" };

/** The rows of a page that match, in order, as numbers within the page. */
export function select(page: EntityPage, { sort, type, search }: EntitiesQuery): number[] {
  const bySearch = searchMatcher(page, search);
  const matches = (at: number) => (type === null || page.has(at, type)) && bySearch(at);
  return selectRows(page, matches, sort, () =>
    Float64Array.from({ length: page.count }, (_, at) => page.entities(at)),
  );
}

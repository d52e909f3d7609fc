// What to show of any result, and in what order. Python answers the same query for rows that it keeps:
// both ends follow these rules to the letter, and one golden file a kind holds them to it.
import { compareCodePoints } from "../text";
import type { Page } from "../wire/sections";

export interface Sort<Key extends string | number = string | number> {
  by: Key;
  descending: boolean;
}

/** Every kind's query has at least these; what else it has is the kind's own. */
export interface Query {
  sort: Sort;
  search: string;
}

export type TextPage = Pick<Page<unknown>, "count" | "position" | "text" | "index">;

export function sameQuery(a: Query, b: Query): boolean {
  const { sort: sortA, ...restA } = a;
  const { sort: sortB, ...restB } = b;
  if (sortA.by !== sortB.by || sortA.descending !== sortB.descending) return false;
  const [left, right] = [restA, restB] as Record<string, unknown>[];
  return Object.keys(left ?? {}).every((name) => left?.[name] === right?.[name]);
}

/** Rows whose text or index label holds what is searched for, in any case. */
export function searchMatcher(page: TextPage, search: string): (at: number) => boolean {
  const needle = search.toLowerCase();
  if (needle === "") return () => true;
  return (at) =>
    page.text(at).toLowerCase().includes(needle) || page.index(at).toLowerCase().includes(needle);
}

/**
 * The rows of a page that match, in order, as numbers within the page. `keys` gives one number a row for a
 * sort by anything but row and text; NaN where the row has none.
 */
export function selectRows(
  page: TextPage,
  matches: (at: number) => boolean,
  sort: Sort,
  keys: () => Float64Array,
): number[] {
  const found: number[] = [];
  for (let at = 0; at < page.count; at++) if (matches(at)) found.push(at);
  return found.sort(comparer(page, sort, keys));
}

type Compare = (a: number, b: number) => number;

/** Rows without a key come last in either direction; equal rows keep the order of the input in either direction. */
function comparer(page: TextPage, sort: Sort, keysOf: () => Float64Array): Compare {
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
  const keys = keysOf();
  return (a, b) => {
    const left = keys[a] ?? Number.NaN;
    const right = keys[b] ?? Number.NaN;
    if (Number.isNaN(left) || Number.isNaN(right)) {
      return Number(Number.isNaN(left)) - Number(Number.isNaN(right)) || byPosition(a, b);
    }
    return sign * (left - right) || byPosition(a, b);
  };
}

/** Three presses on a head: its useful direction first, then the other, then the order of the input. */
export function nextSort<Key extends string | number>(
  sort: Sort<Key | "row">,
  by: Key | "row",
): Sort<Key | "row"> {
  // Numbers are looked at from the highest, names and rows from the first.
  const first = by !== "row" && by !== "text" && by !== "label";
  if (sort.by !== by) return { by, descending: first };
  if (sort.descending === first) return { by, descending: !first };
  return { by: "row", descending: false };
}

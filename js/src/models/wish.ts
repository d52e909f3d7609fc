// What is filled in above a list of models, and the order of what is in sight.
import { compareCodePoints } from "../text";
import type { AskedFor, Listed, ModelRow } from "../wire/models";

/** Filled in; empty is anything. */
export interface Wish {
  search: string;
  task: string;
  language: string;
  library: string;
  licence: string;
  max_size: string;
  local_only: boolean;
  sort: string;
}

export function wishOf(asked: AskedFor): Wish {
  const { search, task, language, library, licence, max_size, local_only, sort } = asked;
  const text = (value: string | null) => value ?? "";
  return {
    search: text(search),
    task: text(task),
    language: text(language),
    library: text(library),
    licence: text(licence),
    max_size: text(max_size),
    local_only,
    sort,
  };
}

/** An order of what is in sight; any other is the Hub's. */
export type Order = "name" | "size";

export function inOrder({ rows }: Listed, order: Order | null): ModelRow[] {
  if (order === "name")
    return [...rows].sort((a, b) => compareCodePoints(a.model.toLowerCase(), b.model.toLowerCase()));
  // Those whose size nobody tells come last.
  const sizeOf = ({ nbytes }: ModelRow) => nbytes ?? Number.POSITIVE_INFINITY;
  if (order === "size")
    return [...rows].sort((a, b) => (sizeOf(a) < sizeOf(b) ? -1 : Number(sizeOf(a) > sizeOf(b))));
  return rows;
}

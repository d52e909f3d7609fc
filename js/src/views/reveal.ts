// Where a table is scrolled to when rows are selected elsewhere: in another view, another panel, or in Python.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Query, sameQuery } from "../query/rows";
import type { RowSource } from "../rows/source";
import { Selection } from "../selection";
import type { Selected } from "./selecting";

/** The place in the table of the first of the rows that were selected last; another object each time. */
export function useReveal<R, Q extends Query>(
  source: RowSource<R, Q>,
  query: Q,
  everything: Q,
  { selection, isOwn }: Selected,
): { at: number } | null {
  const before = useRef(Selection.none);
  const [reveal, setReveal] = useState<{ at: number } | null>(null);
  useEffect(() => {
    const last = before.current;
    before.current = selection;
    if (isOwn || selection.size === 0) return;
    const isNew = (row: number) => selection.has(row) && !last.has(row);
    // As they are numbered, rows stand where their numbers say.
    if (sameQuery(query, everything)) {
      const at = selection.toArray().find(isNew);
      if (at !== undefined) setReveal({ at });
      return;
    }
    const controller = new AbortController();
    source.positions(0, source.total, controller.signal).then(
      (rows) => {
        const at = rows.findIndex(isNew);
        if (at >= 0 && !controller.signal.aborted) setReveal({ at });
      },
      // The table itself says why the kernel does not answer.
      () => {},
    );
    return () => controller.abort();
  }, [selection]);
  return reveal;
}

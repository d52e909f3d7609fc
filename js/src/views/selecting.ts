// Selecting rows of a table: one, a range, or all that are found.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Query } from "../query/rows";
import type { RowSource } from "../rows/source";
import { Selection } from "../selection";

/** What the table needs to know, and can do. */
export interface Selecting {
  has(at: number): boolean;
  toggle(at: number): void;
  /** From the row last toggled to this one; without such a row, from `start`. */
  extend(at: number, start: number): void;
  all(): void;
}

export interface Selected extends Selecting {
  selection: Selection;
  /** Whether it was selected here, and not in another view, another panel or Python. */
  isOwn: boolean;
  clear(): void;
  /** The kernel was asked which rows they are. */
  waiting: boolean;
}

interface Row {
  position: number;
}

export function useSelecting<R extends Row, Q extends Query>(
  source: RowSource<R, Q>,
  query: Q,
  selection: Selection,
  select: (selection: Selection) => void,
): Selected {
  const own = useRef(Selection.none);
  const tell = (next: Selection) => {
    own.current = next;
    select(next);
  };
  // A range grows and shrinks from one end; what was selected before it stays.
  const range = useRef<{ from: number; before: Selection } | null>(null);
  const asked = useRef<AbortController | null>(null);
  const [waiting, setWaiting] = useState(false);
  const drop = () => {
    asked.current?.abort();
    asked.current = null;
    setWaiting(false);
  };
  useEffect(() => {
    range.current = null;
    return drop;
  }, [source, query]);

  const add = (before: Selection, start: number, stop: number) => {
    drop();
    const controller = new AbortController();
    asked.current = controller;
    setWaiting(true);
    source.positions(start, stop, controller.signal).then(
      (rows) => {
        if (asked.current !== controller) return;
        drop();
        tell(before.with(rows));
      },
      // The table itself says why the kernel does not answer.
      () => asked.current === controller && drop(),
    );
  };
  return {
    selection,
    isOwn: useMemo(() => selection.same(own.current), [selection]),
    waiting,
    has: (at) => {
      const row = source.row(at);
      return row !== undefined && selection.has(row.position);
    },
    toggle: (at) => {
      const row = source.row(at);
      if (row === undefined) return;
      drop();
      const after = selection.toggled(row.position);
      range.current = { from: at, before: after };
      tell(after);
    },
    extend: (at, start) => {
      range.current ??= { from: start, before: selection };
      const { from, before } = range.current;
      add(before, Math.min(from, at), Math.max(from, at) + 1);
    },
    all: () => {
      range.current = null;
      add(selection, 0, source.total);
    },
    clear: () => {
      drop();
      range.current = null;
      tell(Selection.none);
    },
  };
}

// A table of any length: sortable heads, rows that the keyboard walks, and only what is in sight in the page.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Sort } from "../query/rows";
import { useVirtual } from "./virtual";

export interface Column<R, Key extends string | number> {
  key: string;
  title: string;
  sort: Key;
  /** A CSS grid track. */
  width: string;
  cell(row: R, narrow: boolean): ComponentChildren;
}

interface GridProps<R, Key extends string | number> {
  label: string;
  columns: readonly Column<R, Key>[];
  total: number;
  row(at: number): R | undefined;
  stale: boolean;
  sort: Sort<Key>;
  onSort(by: Key): void;
  /** The row that the keyboard is on. */
  active: number;
  /** Its detail is open. */
  open: boolean;
  onActive(at: number): void;
  onOpen(at: number): void;
  onClose(): void;
  onRange(start: number, stop: number): void;
  /** When this changes, the table shows other rows: back to the top. */
  epoch: unknown;
}

const HEAD_PX = 32;

export function Grid<R, Key extends string | number>(props: GridProps<R, Key>) {
  const { columns, total, active, open, onRange } = props;
  const virtual = useVirtual(total, HEAD_PX);
  const { start, stop, narrow } = virtual;
  const focus = useRef(false);
  const tracks = columns.map((column) => column.width).join(" ");

  useLayoutEffect(() => onRange(start, stop), [start, stop, onRange]);
  useLayoutEffect(() => virtual.toTop(), [props.epoch]);
  // A key moved to another row: it may only now be in the page.
  useLayoutEffect(() => {
    if (!focus.current) return;
    const row = virtual.viewport.current?.querySelector<HTMLElement>(`[data-at="${active}"]`);
    focus.current = false;
    row?.focus({ preventScroll: true });
  });

  const goTo = (at: number) => {
    const target = Math.min(total - 1, Math.max(0, at));
    focus.current = true;
    virtual.reveal(target);
    props.onActive(target);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (target.dataset.at === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = keyAction(event.key, active, total, virtual.pageSize);
    if (action === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (typeof action === "number") goTo(action);
    else if (action === "close") props.onClose();
    else props.onOpen(active);
  };

  return (
    <div
      ref={virtual.viewport}
      class={narrow ? "nbt-grid nbt-grid-narrow" : "nbt-grid"}
      role="grid"
      aria-label={props.label}
      aria-rowcount={total + 1}
      aria-colcount={columns.length}
      aria-busy={props.stale}
      style={{ "--tracks": tracks, "--row": `${virtual.rowHeight}px`, "--head": `${HEAD_PX}px` }}
      onScroll={virtual.onScroll}
      onKeyDown={onKeyDown}
    >
      <GridHead columns={columns} sort={props.sort} onSort={props.onSort} />
      <div class="nbt-rows" role="rowgroup" style={{ height: `${virtual.height}px` }}>
        {rowsIn(start, stop, active, total).map((at) => (
          <GridRow
            key={at}
            at={at}
            row={props.row(at)}
            columns={columns}
            top={virtual.top(at)}
            narrow={narrow}
            active={at === active}
            selected={open && at === active}
            onOpen={props.onOpen}
          />
        ))}
      </div>
    </div>
  );
}

interface HeadProps<R, Key extends string | number> {
  columns: readonly Column<R, Key>[];
  sort: Sort<Key>;
  onSort(by: Key): void;
}

function GridHead<R, Key extends string | number>({ columns, sort, onSort }: HeadProps<R, Key>) {
  return (
    <div class="nbt-grid-head" role="rowgroup">
      <div class="nbt-row" role="row" aria-rowindex={1}>
        {columns.map(({ key, title, sort: by }, column) => {
          const state = sort.by !== by ? "none" : sort.descending ? "descending" : "ascending";
          return (
            <div
              key={key}
              class={`nbt-th nbt-col-${key}`}
              role="columnheader"
              aria-colindex={column + 1}
              aria-sort={state}
            >
              <button type="button" onClick={() => onSort(by)}>
                <span class="nbt-th-name" title={title}>
                  {title}
                </span>
                <span class="nbt-arrow" aria-hidden="true" />
              </button>
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface RowProps<R, Key extends string | number> {
  at: number;
  row: R | undefined;
  columns: readonly Column<R, Key>[];
  top: number;
  narrow: boolean;
  active: boolean;
  selected: boolean;
  onOpen(at: number): void;
}

function GridRow<R, Key extends string | number>(props: RowProps<R, Key>) {
  const { at, row, columns, top, narrow, active, selected, onOpen } = props;
  return (
    // The keyboard's side of this press is the grid's: its rows share one handler.
    <div
      class={row === undefined ? "nbt-row nbt-row-empty" : "nbt-row"}
      role="row"
      aria-rowindex={at + 2}
      aria-selected={selected}
      aria-busy={row === undefined}
      data-at={at}
      tabIndex={active ? 0 : -1}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => {
        // A drag that selects text is not a press.
        if (String(getSelection()) === "") onOpen(at);
      }}
    >
      {columns.map((column, number) => (
        <div
          key={column.key}
          class={`nbt-td nbt-col-${column.key}`}
          role="gridcell"
          aria-colindex={number + 1}
        >
          {row === undefined ? <span class="nbt-skeleton" /> : column.cell(row, narrow)}
        </div>
      ))}
    </div>
  );
}

/** The rows to draw: those in sight, and the active one wherever it is, or the keyboard would lose its place. */
function rowsIn(start: number, stop: number, active: number, total: number): number[] {
  const rows = Array.from({ length: Math.max(0, stop - start) }, (_, at) => start + at);
  if (active < total && (active < start || active >= stop)) rows.push(active);
  return rows;
}

/** What a key asks for: a row to go to, opening, closing, or nothing of ours. */
function keyAction(
  key: string,
  active: number,
  total: number,
  page: number,
): number | "open" | "close" | null {
  switch (key) {
    case "ArrowDown":
      return active + 1;
    case "ArrowUp":
      return active - 1;
    case "PageDown":
      return active + page;
    case "PageUp":
      return active - page;
    case "Home":
      return 0;
    case "End":
      return total - 1;
    case "Enter":
    case " ":
      return "open";
    case "Escape":
      return "close";
    default:
      return null;
  }
}

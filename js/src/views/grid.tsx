// A table of any length: sortable heads, rows that the keyboard walks, and only what is in sight in the page.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Sort } from "../query/rows";
import type { Selecting } from "./selecting";
import { useVirtual } from "./virtual";

export interface Column<R, Key extends string | number> {
  key: string;
  title: string;
  sort: Key;
  /** A CSS grid track. */
  width: string;
  /** Its track where a row is two lines; "" is none. */
  narrowWidth?: string;
  cell(row: R, narrow: boolean): ComponentChildren;
}

interface GridProps<R, Key extends string | number> {
  label: string;
  columns: readonly Column<R, Key>[];
  /** The width up to which a row is two lines, in pixels. */
  narrowBelow?: number | undefined;
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
  /** Rows [start, stop) are on the screen, and the active one is in the page. */
  onRange(start: number, stop: number, active: number): void;
  /** None where rows cannot be selected. */
  selecting?: Selecting;
  /** A row to scroll to, once for each such object. */
  reveal?: { at: number } | null;
  /** When this changes, the table shows other rows: back to the top. */
  epoch: unknown;
}

const HEAD_PX = 32;
const SELECT_TRACK = "16px";

export function Grid<R, Key extends string | number>(props: GridProps<R, Key>) {
  const { columns, total, active, open, onRange, selecting } = props;
  const virtual = useVirtual(total, HEAD_PX, props.narrowBelow);
  const { start, stop, narrow } = virtual;
  const focus = useRef(false);
  const widths = columns.map(({ width, narrowWidth }) => (narrow ? (narrowWidth ?? width) : width));
  const tracks = [...(selecting ? [SELECT_TRACK] : []), ...widths].join(" ");

  // Not on another active row: it was in sight when it became active.
  useLayoutEffect(() => onRange(start, stop, active), [start, stop, onRange]);
  useLayoutEffect(() => virtual.toTop(), [props.epoch]);
  const revealed = useRef<typeof props.reveal>(null);
  useLayoutEffect(() => {
    if (!props.reveal || props.reveal === revealed.current) return;
    // What is hidden has a size when it is shown.
    if (virtual.reveal(props.reveal.at)) revealed.current = props.reveal;
  }, [props.reveal, virtual.size]);
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
    if (target.dataset.at === undefined || event.altKey) return;
    const action = keyAction(event, active, total, virtual.pageSize, selecting !== undefined);
    if (action === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (typeof action === "number") {
      if (event.shiftKey) selecting?.extend(Math.min(total - 1, Math.max(0, action)), active);
      goTo(action);
    } else if (action === "close") props.onClose();
    else if (action === "toggle") selecting?.toggle(active);
    else if (action === "all") selecting?.all();
    else props.onOpen(active);
  };

  return (
    <div
      ref={virtual.viewport}
      class={`nbt-grid${narrow ? " nbt-grid-narrow" : ""}${selecting ? " nbt-grid-selecting" : ""}`}
      role="grid"
      aria-label={props.label}
      aria-rowcount={total + 1}
      aria-colcount={columns.length + (selecting ? 1 : 0)}
      aria-multiselectable={selecting ? true : undefined}
      aria-busy={props.stale}
      style={{ "--tracks": tracks, "--row": `${virtual.rowHeight}px`, "--head": `${HEAD_PX}px` }}
      onScroll={virtual.onScroll}
      onKeyDown={onKeyDown}
    >
      <GridHead
        columns={columns}
        sort={props.sort}
        onSort={props.onSort}
        selecting={selecting !== undefined}
      />
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
            open={open && at === active}
            onOpen={props.onOpen}
            onActive={props.onActive}
            selecting={selecting}
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
  selecting: boolean;
}

function GridHead<R, Key extends string | number>({ columns, sort, onSort, selecting }: HeadProps<R, Key>) {
  return (
    <div class="nbt-grid-head" role="rowgroup">
      <div class="nbt-row" role="row" aria-rowindex={1}>
        {selecting && (
          <div class="nbt-th nbt-col-select" role="columnheader" aria-colindex={1} aria-label="Selected" />
        )}
        {columns.map(({ key, title, sort: by }, column) => {
          const state = sort.by !== by ? "none" : sort.descending ? "descending" : "ascending";
          return (
            <div
              key={key}
              class={`nbt-th nbt-col-${key}`}
              role="columnheader"
              aria-colindex={column + (selecting ? 2 : 1)}
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
  open: boolean;
  onOpen(at: number): void;
  onActive(at: number): void;
  selecting: Selecting | undefined;
}

function GridRow<R, Key extends string | number>(props: RowProps<R, Key>) {
  const { at, row, columns, top, narrow, active, open, onOpen, onActive, selecting } = props;
  const selected = selecting ? selecting.has(at) : open;
  const choose = (event: MouseEvent) => {
    onActive(at);
    if (event.shiftKey) selecting?.extend(at, at);
    else selecting?.toggle(at);
  };
  return (
    // The keyboard's side of this press is the grid's: its rows share one handler.
    <div
      class={rowClass(row === undefined, open, selecting !== undefined && selected)}
      role="row"
      aria-rowindex={at + 2}
      aria-selected={selected}
      aria-busy={row === undefined}
      data-at={at}
      tabIndex={active ? 0 : -1}
      style={{ transform: `translateY(${top}px)` }}
      // Shift and a press would select the text up to here.
      onMouseDown={(event) => selecting && event.shiftKey && event.preventDefault()}
      onClick={(event) => {
        if (selecting && (event.shiftKey || event.ctrlKey || event.metaKey)) choose(event);
        // A drag that selects text is not a press.
        else if (String(getSelection()) === "") onOpen(at);
      }}
    >
      {selecting && (
        // The row's own keys do the same.
        <div
          class="nbt-td nbt-col-select"
          role="gridcell"
          aria-colindex={1}
          onClick={(event) => {
            event.stopPropagation();
            choose(event);
          }}
        >
          <span class="nbt-check" aria-hidden="true" />
        </div>
      )}
      {columns.map((column, number) => (
        <div
          key={column.key}
          class={`nbt-td nbt-col-${column.key}`}
          role="gridcell"
          aria-colindex={number + (selecting ? 2 : 1)}
        >
          {row === undefined ? <span class="nbt-skeleton" /> : column.cell(row, narrow)}
        </div>
      ))}
    </div>
  );
}

function rowClass(empty: boolean, open: boolean, selected: boolean): string {
  return `nbt-row${empty ? " nbt-row-empty" : ""}${open ? " nbt-row-open" : ""}${selected ? " nbt-row-selected" : ""}`;
}

/** The rows to draw: those in sight, and the active one wherever it is, or the keyboard would lose its place. */
function rowsIn(start: number, stop: number, active: number, total: number): number[] {
  const rows = Array.from({ length: Math.max(0, stop - start) }, (_, at) => start + at);
  if (active < total && (active < start || active >= stop)) rows.push(active);
  return rows;
}

type Action = number | "open" | "close" | "toggle" | "all";

/** What a key asks for: a row to go to, something to be done to the row, or nothing of ours. */
function keyAction(
  { key, ctrlKey, metaKey }: KeyboardEvent,
  active: number,
  total: number,
  page: number,
  selecting: boolean,
): Action | null {
  if (ctrlKey || metaKey) return selecting && key.toLowerCase() === "a" ? "all" : null;
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
      return "open";
    case " ":
      return selecting ? "toggle" : "open";
    case "Escape":
      return "close";
    default:
      return null;
  }
}

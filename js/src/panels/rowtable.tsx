// Any panel of rows: the head, and a table that is searched, sorted, filtered, selected from and exported.
//
// How a new kind uses it (classify.tsx and tokenize.tsx are the examples):
//   const KIND: RowsKind<...> = { header: readHeader, read: XPage.read, everything: EVERYTHING, select };
//   export function XPanel(props: ResultProps) {
//     const rows = useRows(props, KIND);
//     return (
//       <Result rows={rows}>
//         <OneOrMany rows={rows} one={(row) => <XDetail row={row} onClose={null} />} many={() => <XRows rows={rows} />} />
//       </Result>
//     );
//   }
// `XRows` calls `useTable(rows, EVERYTHING)` and draws what stands above the table (totals, a legend: they filter by
// `table.ask({ label })`), then `<RowTable>` with its columns and the detail of a row. Give it a `key` that changes
// when a filter or a sort of the result before would mean something else.
// The columns that every kind has are in views/rowcolumns.tsx, the frame of a detail is in views/rowdetail.tsx.
import type { ComponentChildren } from "preact";
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import type { Progress } from "../host";
import { nextSort, type Query } from "../query/rows";
import type { RowSource } from "../rows/source";
import { Selection } from "../selection";
import { ExportBar } from "../views/export";
import { type Column, Grid } from "../views/grid";
import { Head } from "../views/head";
import { Notes } from "../views/notices";
import { useReveal } from "../views/reveal";
import { type Selected, useSelecting } from "../views/selecting";
import { Toolbar } from "../views/toolbar";
import type { Header, Page, Section } from "../wire/sections";
import type { ResultProps } from "./panel";
import { useSource, Wait } from "./source";

/** How the results of one kind are read, and their rows picked and ordered. */
export interface RowsKind<R, Q extends Query, P extends Page<R>, H extends Header> {
  /** Checks that a header is one that this page can read. */
  header(raw: Record<string, unknown>): H;
  read(sections: readonly Section[], payload: DataView | null): P;
  everything: Q;
  select(page: P, query: Q, header: H): number[];
}

/** A result as its panel needs it. */
export interface Rows<R, Q extends Query, P extends Page<R>, H extends Header> {
  header: H;
  /** The rows that came with the header. */
  page: P;
  source: RowSource<R, Q>;
  /** None while the work goes on, and nobody answers. */
  channel: Channel | null;
  /** Only while the work goes on. */
  progress: Progress | null;
  selection: Selection;
  select(selection: Selection): void;
  /** The whole text of a row that came clipped. */
  fullText(position: number, signal: AbortSignal): Promise<string>;
}

export function useRows<R, Q extends Query, P extends Page<R>, H extends Header>(
  props: ResultProps,
  { header: readHeader, read, everything, select }: RowsKind<R, Q, P, H>,
): Rows<R, Q, P, H> {
  const { header: raw, payload, channel, selection: numbers, select: tell } = props;
  const { header, page } = useMemo(() => {
    const header = readHeader(raw);
    return { header, page: read(header.sections, payload) };
  }, [raw, payload]);
  const source = useSource(header, page, channel, {
    read,
    everything,
    select: (page: P, query: Q) => select(page, query, header),
  });
  return {
    header,
    page,
    source,
    channel: header.partial ? null : channel,
    progress: header.partial ? props.progress : null,
    selection: useMemo(() => Selection.of(numbers), [numbers]),
    select: (next) => tell(next.toArray()),
    fullText: useCallback((position, signal) => source.fullText(position, signal), [source]),
  };
}

// What the components below need of the rows; the kind's own types stay in its panel.
interface Shown<R, Q extends Query>
  extends Pick<Rows<R, Q, Page<R>, Header>, "header" | "source" | "progress"> {}

/** The frame of a result: what it is, and what to know before trusting it. */
export function Result({
  rows: { header, progress },
  children,
}: {
  rows: { header: Header; progress: Progress | null };
  children: ComponentChildren;
}) {
  const { title, subtitle, facts, notes } = header;
  return (
    <div class="nbt-result">
      <Head title={title} subtitle={subtitle} facts={facts} progress={progress} />
      <Notes notes={notes} />
      {children}
    </div>
  );
}

interface OneOrManyProps<R, Q extends Query> {
  rows: Shown<R, Q>;
  /** One text needs no table: it is shown in full. */
  one(row: R): ComponentChildren;
  many(): ComponentChildren;
}

export function OneOrMany<R, Q extends Query>({ rows: { header, source }, one, many }: OneOrManyProps<R, Q>) {
  if (header.rows === 1) return <OneRow source={source}>{one}</OneRow>;
  return header.rows > 0 && many();
}

interface OneRowProps<R, Q extends Query> {
  source: RowSource<R, Q>;
  children(row: R): ComponentChildren;
}

function OneRow<R, Q extends Query>({ source, children }: OneRowProps<R, Q>) {
  useLayoutEffect(() => source.want(0, 1), [source]);
  const row = source.row(0);
  return row ? children(row) : <Wait source={source} />;
}

/** What is asked of the table, and where the reader is in it. */
export interface Table<Q extends Query> {
  query: Q;
  /** The query of all rows as they are numbered. */
  everything: Q;
  /** Other rows from now on: back to the top, with no row open. */
  ask(change: Partial<Q>): void;
  active: number;
  setActive(at: number): void;
  open: boolean;
  setOpen(open: boolean): void;
  selected: Selected;
}

export function useTable<R extends { position: number }, Q extends Query>(
  { source, selection, select }: Pick<Rows<R, Q, Page<R>, Header>, "source" | "selection" | "select">,
  everything: Q,
): Table<Q> {
  const [query, setQuery] = useState<Q>(everything);
  const [active, setActive] = useState(0);
  const [open, setOpen] = useState(false);
  useLayoutEffect(() => source.setQuery(query), [source, query]);
  const ask = (change: Partial<Q>) => {
    setQuery((now) => ({ ...now, ...change }));
    setActive(0);
    setOpen(false);
  };
  const selected = useSelecting(source, query, selection, select);
  // A refreshed result may have fewer rows.
  const within = Math.min(active, Math.max(0, source.total - 1));
  return { query, everything, ask, active: within, setActive, open, setOpen, selected };
}

/** With so few rows there is nothing to search for. */
const SEARCHABLE_ROWS = 5;

interface RowTableProps<R, Q extends Query, Key extends string | number> {
  rows: Pick<Rows<R, Q, Page<R>, Header>, "header" | "source" | "channel">;
  table: Table<Q>;
  /** What the table is to a screen reader. */
  label: string;
  columns: readonly Column<R, Key>[];
  /** The width up to which a row is two lines, in pixels. */
  narrowBelow?: number;
  /** What a row of an exported file holds, such as "text". */
  each: string;
  /** The name and colour of the kind's own filter, when there is one, and the way to remove it. */
  filter?: { name: string; colour: string } | null;
  onClear?(): void;
  /** A row in full. */
  detail(row: R, close: () => void): ComponentChildren;
  /** The detail has the whole width, below the table. */
  below?: boolean;
}

export function RowTable<R extends { position: number }, Q extends Query, Key extends string | number>(
  props: RowTableProps<R, Q, Key>,
) {
  const { rows, table, label, columns, narrowBelow, each, filter = null, onClear, detail, below } = props;
  const { header, source, channel } = rows;
  const { query, everything, ask, active, setActive, open, setOpen, selected } = table;
  const [exporting, setExporting] = useState(false);
  const reveal = useReveal(source, query, everything, selected);
  const element = useRef<HTMLDivElement>(null);
  const want = useCallback(
    (start: number, stop: number, at: number) => source.want(start, stop, at),
    [source],
  );
  const close = () => {
    setOpen(false);
    element.current?.querySelector<HTMLElement>(`[data-at="${active}"]`)?.focus();
  };
  const row = open ? source.row(active) : undefined;
  const opened = row && detail(row, close);
  const partial = header.partial === true;
  return (
    <>
      <Toolbar
        found={source.total}
        rows={header.rows}
        filter={filter}
        onSearch={(search) => ask({ search } as Partial<Q>)}
        onClear={() => onClear?.()}
        searchable={header.rows >= SEARCHABLE_ROWS}
        busy={source.stale && !partial ? (query.search === "" ? "Sorting…" : "Searching…") : null}
        selected={selected}
        exporting={{ open: exporting, disabled: partial, onToggle: setExporting }}
      />
      {exporting && channel && (
        <ExportBar
          channel={channel}
          query={query}
          rows={header.rows}
          found={source.total}
          selected={selected.selection.size}
          each={each}
        />
      )}
      {!partial && <Wait source={source} />}
      <div class={`nbt-split${below ? " nbt-texts" : opened ? " nbt-split-open" : ""}`}>
        <div class="nbt-table" ref={element}>
          <Grid
            label={label}
            columns={columns}
            narrowBelow={narrowBelow}
            total={source.total}
            row={(at) => source.row(at)}
            stale={source.stale}
            sort={query.sort as Q["sort"] & { by: Key }}
            onSort={(by) => ask({ sort: nextSort(query.sort, by) } as Partial<Q>)}
            active={active}
            open={open}
            onActive={setActive}
            onOpen={(at) => {
              setOpen(!(open && at === active));
              setActive(at);
            }}
            onClose={() => setOpen(false)}
            onRange={want}
            epoch={query}
            selecting={selected}
            reveal={reveal}
          />
          {partial && <Wait source={source} />}
          {source.total === 0 && <p class="nbt-none">No rows match.</p>}
        </div>
        {!below && opened}
      </div>
      {below && opened && <div class="nbt-opened">{opened}</div>}
    </>
  );
}

// The result of a classification: totals, a table that filters and sorts, and one row in full.
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { labelColours } from "../colour";
import {
  type ClassifyQuery,
  type ClassifySortKey,
  EVERYTHING,
  type LabelFilter,
  select,
} from "../query/classify";
import { nextSort } from "../query/rows";
import type { RowSource } from "../rows/source";
import { Selection } from "../selection";
import { columnsOf } from "../views/columns";
import { Detail } from "../views/detail";
import { ExportBar } from "../views/export";
import { Grid } from "../views/grid";
import { Head } from "../views/head";
import { Histogram } from "../views/histogram";
import { Notes } from "../views/notices";
import { useSelecting } from "../views/selecting";
import { Toolbar } from "../views/toolbar";
import { Totals } from "../views/totals";
import {
  type ClassifyHeader,
  ClassifyPage,
  type ClassifyRow,
  classifyHeader,
  type RegressionTotals,
} from "../wire/classify";
import type { ResultProps } from "./panel";
import { useSource, Wait } from "./source";

type Source = RowSource<ClassifyRow, ClassifyQuery>;

export function ClassifyPanel({
  header: raw,
  payload,
  channel,
  progress,
  selection: rows,
  select: tell,
}: ResultProps) {
  const { header, page } = useMemo(() => {
    const header = classifyHeader(raw);
    return { header, page: ClassifyPage.read(header.sections, payload) };
  }, [raw, payload]);
  const source = useSource(header, page, channel, {
    read: ClassifyPage.read,
    everything: EVERYTHING,
    select: (rows: ClassifyPage, query: ClassifyQuery) => select(rows, query, header),
  });
  const labels = JSON.stringify(header.labels);
  const colours = useMemo(() => labelColours(header.labels), [labels]);
  const selection = useMemo(() => Selection.of(rows), [rows]);
  const selectRows = (next: Selection) => tell(next.toArray());
  return (
    <div class="nbt-result">
      <Head
        title={header.title}
        subtitle={header.subtitle}
        facts={header.facts}
        progress={header.partial ? progress : null}
      />
      <Notes notes={header.notes} />
      {header.rows === 1 ? (
        <SingleRow header={header} colours={colours} source={source} />
      ) : (
        header.rows > 0 && (
          <ManyRows
            key={shapeOf(header)}
            header={header}
            page={page}
            colours={colours}
            source={source}
            channel={channel}
            selection={selection}
            select={selectRows}
          />
        )
      )}
    </div>
  );
}

/** A filter or a sort is kept when the result is refreshed, and dropped when its labels are others. */
function shapeOf({ problem, labels }: ClassifyHeader): string {
  return JSON.stringify([problem, labels]);
}

interface RowsProps {
  header: ClassifyHeader;
  colours: readonly string[];
  source: Source;
}

/** One text needs no table: it is shown in full. */
function SingleRow({ header, colours, source }: RowsProps) {
  const fullText = useFullText(source);
  useLayoutEffect(() => source.want(0, 1), [source]);
  const row = source.row(0);
  if (!row) return <Wait source={source} />;
  const regression = header.problem === "regression";
  const detail = { row, names: header.labels, colours, regression, fullText, onClose: null };
  return <Detail {...detail} />;
}

/** With so few rows there is nothing to search for. */
const SEARCHABLE_ROWS = 5;

interface ManyRowsProps extends RowsProps {
  page: ClassifyPage;
  channel: Channel;
  selection: Selection;
  select(selection: Selection): void;
}

function ManyRows({ header, page, colours, source, channel, selection, select }: ManyRowsProps) {
  const [query, setQuery] = useState<ClassifyQuery>(EVERYTHING);
  const [wished, setActive] = useState(0);
  const [open, setOpen] = useState(false);
  const [exporting, setExporting] = useState(false);
  const fullText = useFullText(source);
  const regression = header.problem === "regression";
  const scored = header.problem === "multi_label" && typeof query.label === "number" ? query.label : null;
  const columns = useMemo(
    () => columnsOf({ header, page, colours, scored }),
    [header, page, colours, scored],
  );

  useLayoutEffect(() => source.setQuery(query), [source, query]);
  const selected = useSelecting(source, query, selection, select);
  const ask = (change: Partial<ClassifyQuery>) => {
    setQuery((now) => ({ ...now, ...change }));
    setActive(0);
    setOpen(false);
  };
  const filterBy = (label: LabelFilter) => {
    const byScore = query.sort.by === "score" || typeof query.sort.by === "number";
    const number = header.problem === "multi_label" && typeof label === "number" ? label : null;
    const by: ClassifySortKey = byScore ? (number ?? "score") : query.sort.by;
    ask({ label, sort: { ...query.sort, by } });
  };
  const want = useCallback((start: number, stop: number) => source.want(start, stop), [source]);
  // A refreshed result may have fewer rows.
  const active = Math.min(wished, Math.max(0, source.total - 1));
  const row = open ? source.row(active) : undefined;
  const table = useRef<HTMLDivElement>(null);
  const closeDetail = () => {
    setOpen(false);
    table.current?.querySelector<HTMLElement>(`[data-at="${active}"]`)?.focus();
  };

  return (
    <>
      {regression ? (
        <Histogram totals={header.totals as RegressionTotals} partial={header.partial === true} />
      ) : (
        <Totals
          names={header.labels}
          colours={colours}
          counts={header.totals.counts}
          withoutScore={header.totals.without_score}
          rows={header.rows}
          done={header.done ?? header.rows}
          parts={header.problem === "single_label"}
          filter={query.label}
          onFilter={filterBy}
        />
      )}
      <Toolbar
        found={source.total}
        rows={header.rows}
        filter={filterChip(query.label, header, colours)}
        onSearch={(search) => ask({ search })}
        onClear={() => filterBy(null)}
        searchable={header.rows >= SEARCHABLE_ROWS}
        busy={source.stale && !header.partial ? (query.search === "" ? "Sorting…" : "Searching…") : null}
        selected={selected}
        exporting={{
          open: exporting,
          disabled: header.partial === true,
          onToggle: () => setExporting(!exporting),
        }}
      />
      {exporting && (
        <ExportBar
          channel={channel}
          query={query}
          rows={header.rows}
          found={source.total}
          selected={selection.size}
          each="text"
        />
      )}
      {!header.partial && <Wait source={source} />}
      <div class={row ? "nbt-split nbt-split-open" : "nbt-split"}>
        <div class="nbt-table" ref={table}>
          <Grid
            label={`Results of ${header.title}`}
            columns={columns}
            total={source.total}
            row={(at) => source.row(at)}
            stale={source.stale}
            sort={query.sort}
            onSort={(by) => ask({ sort: nextSort(query.sort, by) })}
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
          />
          {header.partial && <Wait source={source} />}
          {source.total === 0 && <p class="nbt-none">No rows match.</p>}
        </div>
        {row && (
          <Detail
            row={row}
            names={header.labels}
            colours={colours}
            regression={regression}
            fullText={fullText}
            onClose={closeDetail}
          />
        )}
      </div>
    </>
  );
}

function filterChip(filter: LabelFilter, header: ClassifyHeader, colours: readonly string[]) {
  if (filter === null) return null;
  if (filter === "without_score") return { name: "no score", colour: "none" };
  return { name: header.labels[filter] ?? String(filter), colour: colours[filter] ?? "grey" };
}

function useFullText(source: Source) {
  return useCallback((position: number, signal: AbortSignal) => source.fullText(position, signal), [source]);
}

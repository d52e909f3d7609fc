// The result of a classification: totals, a table that filters and sorts, and one row in full.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { labelColours } from "../colour";
import { EVERYTHING, type LabelFilter, type Query, type SortKey } from "../query";
import { LocalRows } from "../rows/local";
import { RemoteRows } from "../rows/remote";
import type { RowSource } from "../rows/source";
import { columnsOf, nextSort } from "../views/columns";
import { Detail } from "../views/detail";
import { Grid } from "../views/grid";
import { Head } from "../views/head";
import { Histogram } from "../views/histogram";
import { Notes, WaitStrip } from "../views/notices";
import { Toolbar } from "../views/toolbar";
import { Totals } from "../views/totals";
import { type ClassifyHeader, classifyHeader, Page, type RegressionTotals } from "../wire";
import type { ResultProps } from "./panel";

export function ClassifyPanel({ header: raw, payload, channel }: ResultProps) {
  const { header, page } = useMemo(() => {
    const header = classifyHeader(raw);
    return { header, page: Page.read(header.sections, payload) };
  }, [raw, payload]);
  const source = useSource(header, page, channel);
  const colours = useMemo(() => labelColours(header.labels), [header]);
  return (
    <div class="nbt-result">
      <Head title={header.title} subtitle={header.subtitle} facts={header.facts} />
      <Notes notes={header.notes} />
      {header.rows === 1 ? (
        <SingleRow header={header} colours={colours} source={source} />
      ) : (
        header.rows > 0 && (
          <ManyRows key={shapeOf(header)} header={header} page={page} colours={colours} source={source} />
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
  source: RowSource;
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

function ManyRows({ header, page, colours, source }: RowsProps & { page: Page }) {
  const [query, setQuery] = useState<Query>(EVERYTHING);
  const [wished, setActive] = useState(0);
  const [open, setOpen] = useState(false);
  const fullText = useFullText(source);
  const regression = header.problem === "regression";
  const scored = header.problem === "multi_label" && typeof query.label === "number" ? query.label : null;
  const columns = useMemo(
    () => columnsOf({ header, page, colours, scored }),
    [header, page, colours, scored],
  );

  useLayoutEffect(() => source.setQuery(query), [source, query]);
  const ask = (change: Partial<Query>) => {
    setQuery((now) => ({ ...now, ...change }));
    setActive(0);
    setOpen(false);
  };
  const filterBy = (label: LabelFilter) => {
    const byScore = query.sort.by === "score" || typeof query.sort.by === "number";
    const number = header.problem === "multi_label" && typeof label === "number" ? label : null;
    const by: SortKey = byScore ? (number ?? "score") : query.sort.by;
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
        <Histogram totals={header.totals as RegressionTotals} />
      ) : (
        <Totals
          names={header.labels}
          colours={colours}
          counts={header.totals.counts}
          withoutScore={header.totals.without_score}
          rows={header.rows}
          parts={header.problem === "single_label"}
          filter={query.label}
          onFilter={filterBy}
        />
      )}
      {header.rows >= SEARCHABLE_ROWS && (
        <Toolbar
          found={source.total}
          rows={header.rows}
          filter={filterChip(query.label, header, colours)}
          onSearch={(search) => ask({ search })}
          onClear={() => filterBy(null)}
        />
      )}
      <Wait source={source} />
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
          />
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

function Wait({ source }: { source: RowSource }) {
  const { notice } = source;
  if (!notice) return null;
  return <WaitStrip message={notice.message} retry={notice.retry ? () => source.retry() : null} />;
}

function filterChip(filter: LabelFilter, header: ClassifyHeader, colours: readonly string[]) {
  if (filter === null) return null;
  if (filter === "without_score") return { name: "no score", colour: "none" };
  return { name: header.labels[filter] ?? String(filter), colour: colours[filter] ?? "grey" };
}

/** The rows of this result; drawn again whenever some of them arrive. */
function useSource(header: ClassifyHeader, page: Page, channel: Channel): RowSource {
  const source = useMemo(
    () => (header.inline ? new LocalRows(page, header, channel) : new RemoteRows(channel, header.rows, page)),
    [header, page, channel],
  );
  const [, draw] = useState(0);
  useLayoutEffect(() => {
    const again = () => draw((count) => count + 1);
    // The views below have asked their first questions already.
    again();
    return source.subscribe(again);
  }, [source]);
  useEffect(() => () => source.dispose(), [source]);
  return source;
}

function useFullText(source: RowSource) {
  return useCallback((position: number, signal: AbortSignal) => source.fullText(position, signal), [source]);
}

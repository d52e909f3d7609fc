// The result of a tokenization: the tokenizers in numbers, the texts as tokens, and the batch they would make.
import type { ComponentChildren } from "preact";
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { nextSort } from "../query/rows";
import { EVERYTHING, select, type TokenizeQuery } from "../query/tokenize";
import type { RowSource } from "../rows/source";
import { Selection } from "../selection";
import { Batches } from "../views/batch";
import type { Look } from "../views/block";
import { CompareTable, Figures } from "../views/compare";
import { ExportBar } from "../views/export";
import { Grid } from "../views/grid";
import { Head } from "../views/head";
import { Inspector } from "../views/inspector";
import { LookBar } from "../views/lookbar";
import { Notes } from "../views/notices";
import { useSelecting } from "../views/selecting";
import { narrowBelow, tokenColumns } from "../views/tokencolumns";
import { Toolbar } from "../views/toolbar";
import { type TokenizeHeader, TokenPage, type TokenRow, tokenizeHeader } from "../wire/tokenize";
import type { ResultProps } from "./panel";
import { useSource, Wait } from "./source";

type Source = RowSource<TokenRow, TokenizeQuery>;

const ROWS = { read: TokenPage.read, everything: EVERYTHING, select };

export function TokenizePanel({
  header: raw,
  payload,
  channel,
  progress,
  selection: rowNumbers,
  select: tell,
}: ResultProps) {
  const { header, page } = useMemo(() => {
    const header = tokenizeHeader(raw);
    return { header, page: TokenPage.read(header.sections, payload) };
  }, [raw, payload]);
  const source = useSource(header, page, channel, ROWS);
  const [look, setLook] = useState<Look>("text");
  const [marks, setMarks] = useState(true);
  const { tokenizers, rows } = header;
  const [first] = tokenizers;
  const bar = <LookBar look={look} marks={marks} onLook={setLook} onMarks={setMarks} />;
  const selection = useMemo(() => Selection.of(rowNumbers), [rowNumbers]);
  // While the work goes on nobody answers.
  const shared = { header, source, channel: header.partial ? null : channel, look, marks, bar };
  const selecting = { selection, selectRows: (next: Selection) => tell(next.toArray()) };
  return (
    <div class="nbt-result">
      <Head
        title={header.title}
        subtitle={header.subtitle}
        facts={header.facts}
        progress={header.partial ? progress : null}
      />
      <Notes notes={header.notes} />
      {tokenizers.length > 1 ? (
        <CompareTable tokenizers={tokenizers} />
      ) : (
        first && rows > 0 && <Figures tokenizer={first} />
      )}
      {rows === 1 ? (
        <OneText {...shared} />
      ) : (
        rows > 0 && <ManyTexts key={shapeOf(header)} {...shared} {...selecting} page={page} />
      )}
      {rows > 1 && <Batches tokenizers={tokenizers} />}
    </div>
  );
}

/** A search or a sort is kept when the result is refreshed, and dropped when its tokenizers are others. */
function shapeOf({ tokenizers }: TokenizeHeader): string {
  return JSON.stringify(tokenizers.map(({ name }) => name));
}

interface TextsProps {
  header: TokenizeHeader;
  source: Source;
  channel: Channel | null;
  look: Look;
  marks: boolean;
  bar: ComponentChildren;
}

/** One text needs no table: it is shown in full. */
function OneText({ header, source, channel, look, marks, bar }: TextsProps) {
  useLayoutEffect(() => source.want(0, 1), [source]);
  const row = source.row(0);
  if (!row) return <Wait source={source} />;
  const inspector = { row, tokenizers: header.tokenizers, channel, look, marks, bar, onClose: null };
  return <Inspector {...inspector} />;
}

/** With so few rows there is nothing to search for. */
const SEARCHABLE_ROWS = 5;

interface ManyTextsProps extends TextsProps {
  page: TokenPage;
  selection: Selection;
  selectRows(selection: Selection): void;
}

function ManyTexts(props: ManyTextsProps) {
  const { header, page, source, channel, look, marks, bar, selection, selectRows } = props;
  const [query, setQuery] = useState<TokenizeQuery>(EVERYTHING);
  const [wished, setActive] = useState(0);
  const [open, setOpen] = useState(false);
  const [exporting, setExporting] = useState(false);
  const columns = useMemo(() => tokenColumns(header, page), [header, page]);
  useLayoutEffect(() => source.setQuery(query), [source, query]);
  const selected = useSelecting(source, query, selection, selectRows);
  const ask = (change: Partial<TokenizeQuery>) => {
    setQuery((now) => ({ ...now, ...change }));
    setActive(0);
    setOpen(false);
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
      <Toolbar
        found={source.total}
        rows={header.rows}
        filter={null}
        onSearch={(search) => ask({ search })}
        onClear={() => ask({ search: "" })}
        searchable={header.rows >= SEARCHABLE_ROWS}
        busy={source.stale && !header.partial ? (query.search === "" ? "Sorting…" : "Searching…") : null}
        selected={selected}
        exporting={{
          open: exporting,
          disabled: header.partial === true,
          onToggle: () => setExporting(!exporting),
        }}
      />
      {exporting && channel && (
        <ExportBar
          channel={channel}
          query={query}
          rows={header.rows}
          found={source.total}
          selected={selection.size}
          each="token"
        />
      )}
      {!header.partial && <Wait source={source} />}
      <div class="nbt-split nbt-texts">
        <div class="nbt-table" ref={table}>
          <Grid
            label={`Texts, cut by ${header.title}`}
            columns={columns}
            narrowBelow={narrowBelow(header, page)}
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
      </div>
      {row && (
        <div class="nbt-opened">
          <Inspector
            key={row.position}
            row={row}
            tokenizers={header.tokenizers}
            channel={channel}
            look={look}
            marks={marks}
            bar={bar}
            onClose={closeDetail}
          />
        </div>
      )}
    </>
  );
}

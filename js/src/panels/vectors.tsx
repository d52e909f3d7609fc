// Embeddings and similarities: a matrix, the most similar pairs, neighbours, a map, and the texts as rows.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Channel, isAbort } from "../channel";
import { EVERYTHING, select, type TextQuery } from "../query/texts";
import { ask, type Kept, useAnswer } from "../rows/answers";
import { type NamedTile, namedTiles, type Order, ordered } from "../rows/namedtiles";
import { eachPlace } from "../rows/tiles";
import { Selection } from "../selection";
import type { Column } from "../views/grid";
import { Matrix } from "../views/matrix";
import { type Asked, Neighbours, Pairs, Told } from "../views/neighbours";
import { indexColumn, NoResult, textColumn } from "../views/rowcolumns";
import { DetailFrame, TextInFull, useFullText } from "../views/rowdetail";
import { Scatter } from "../views/scatter";
import { Segments } from "../views/segments";
import { Toolbar } from "../views/toolbar";
import { Sections } from "../wire/sections";
import { TextPage, type TextRow } from "../wire/texts";
import {
  type MapFacts,
  type Named,
  type PlaneMap,
  readMap,
  readNamed,
  type VectorHeader,
  vectorHeader,
} from "../wire/vectors";
import type { ResultProps } from "./panel";
import { OneOrMany, Result, type Rows, type RowsKind, RowTable, useRows, useTable } from "./rowtable";
import { Wait } from "./source";

type VectorRows = Rows<TextRow, TextQuery, TextPage, VectorHeader>;

const KIND: RowsKind<TextRow, TextQuery, TextPage, VectorHeader> = {
  header: vectorHeader,
  read: TextPage.read,
  everything: EVERYTHING,
  select,
};

type Tab = "matrix" | "pairs" | "near" | "map" | "texts";

const TITLES: Record<Tab, string> = {
  matrix: "Matrix",
  pairs: "Pairs",
  near: "Neighbours",
  map: "Map",
  texts: "Texts",
};

/** A map of fewer says nothing. */
const MAPPED = 3;

export function VectorPanel(props: ResultProps) {
  const rows = useRows(props, KIND);
  const { header } = rows;
  const read = useMemo(() => new Sections(header.sections, props.payload), [header, props.payload]);
  const tabs: Tab[] = header.matrix ? ["matrix", "pairs"] : [];
  if (header.rows >= MAPPED) tabs.push("map", "near", "texts");
  else tabs.push("texts", "near");
  const [wished, setTab] = useState<Tab | null>(header.query === null ? null : "near");
  const tab = wished && tabs.includes(wished) ? wished : (tabs[0] as Tab);
  return (
    <Result rows={rows}>
      {header.partial || header.rows === 0 ? (
        <Texts rows={rows} onNear={null} />
      ) : (
        <>
          <nav class="nbt-tools" aria-label="Views">
            <Segments
              label="View"
              options={tabs.map((key) => [key, TITLES[key]] as const)}
              chosen={tab}
              onChoose={(key) => setTab(key)}
            />
          </nav>
          <Views rows={rows} read={read} tab={tab} onTab={setTab} />
        </>
      )}
    </Result>
  );
}

interface ViewsProps {
  rows: VectorRows;
  read: Sections;
  tab: Tab;
  onTab(tab: Tab): void;
}

function Views({ rows, read, tab, onTab }: ViewsProps) {
  const { header, channel, page } = rows;
  const { matrix, measure } = header;
  const kept = useMemo<Kept>(() => new Map(), [header]);
  const tiles = useMemo(() => namedTiles(channel, wholeOf(header, page, read)), [channel, header]);
  const [asked, setAsked] = useState<Asked | null>(header.query === null ? null : { text: header.query });
  const onNear = (row: Named) => {
    setAsked({ row });
    onTab("near");
  };
  const list = { channel, kept, measure, onNear };
  switch (tab) {
    case "matrix":
      return (
        matrix && (
          <Matrix
            label={`Similarity by ${header.title}`}
            shape={matrix}
            measure={measure}
            tiles={tiles}
            onNear={onNear}
          />
        )
      );
    case "pairs": {
      if (!matrix) return null;
      const { rows: down, columns, crosswise } = matrix;
      const pairs = crosswise ? down * columns : (down * (down - 1)) / 2;
      return <Pairs {...list} pairs={pairs} crosswise={crosswise} />;
    }
    case "near":
      return <Neighbours {...list} asked={asked} onAsk={setAsked} />;
    case "map":
      return <MapView rows={rows} kept={kept} read={read} onNear={onNear} />;
    case "texts":
      return <Texts rows={rows} onNear={onNear} />;
  }
}

/** The matrix in either order, where it came with the header. */
function wholeOf({ matrix }: VectorHeader, page: TextPage, read: Sections) {
  if (!matrix || !read.has("values")) return null;
  const rowNames = Array.from(page.position, (_, at) => page.row(at));
  const tile: NamedTile = {
    rows: [0, matrix.rows, matrix.rows],
    columns: [0, matrix.columns, matrix.columns],
    values: read.float32("values"),
    rowStarts: eachPlace(matrix.rows),
    columnStarts: eachPlace(matrix.columns),
    rowNames,
    columnNames: matrix.crosswise ? readNamed(read, "column") : rowNames,
  };
  return (order: Order) =>
    order === "input" ? tile : ordered(tile, read.uint32("order"), read.uint32("column_order"));
}

interface MapProps {
  rows: VectorRows;
  kept: Kept;
  read: Sections;
  onNear(text: Named): void;
}

const METHODS: Record<string, string> = { pca: "PCA", umap: "UMAP", tsne: "t-SNE" };

function MapView({ rows, kept, read, onNear }: MapProps) {
  const { header, source, channel, selection } = rows;
  const table = useTable(rows, EVERYTHING);
  const [method, setMethod] = useState("pca");
  // The first one may have come with the header.
  const first = useMemo(() => (header.first_map ? readMap(header.first_map, read) : null), [header, read]);
  const asked = useAnswer<MapFacts, PlaneMap>(
    channel,
    kept,
    "map",
    method === "pca" && first ? null : { method },
    readMap,
  );
  const methods = header.maps.map((key) => [key, METHODS[key] ?? key] as const);
  const map = method === "pca" && first ? first : asked.answer;
  const found = useFound(rows, table.query);
  const name = useNames(rows, kept);
  return (
    <>
      <Toolbar
        found={source.total}
        rows={header.rows}
        filter={null}
        onSearch={(search) => table.ask({ search })}
        onClear={() => {}}
        busy={source.stale ? "Searching…" : null}
        selected={table.selected}
      />
      <Wait source={source} />
      <Told notice={asked.notice} retry={asked.retry} waiting={!map} />
      {map && (
        <Scatter
          label={`Map of the texts by ${map.title}`}
          map={map}
          selection={selection}
          select={rows.select}
          found={found}
          name={name}
          onNear={onNear}
        >
          {header.maps.length > 1 && (
            <Segments label="Map by" options={methods} chosen={method} onChoose={setMethod} />
          )}
          {found && found.size > 0 && (
            <button
              type="button"
              class="nbt-button nbt-button-outlined"
              onClick={() => rows.select(selection.with(found.toArray()))}
            >
              Select what is found
            </button>
          )}
        </Scatter>
      )}
    </>
  );
}

/** The rows that a search finds; null while nothing is searched for. */
function useFound({ source }: VectorRows, { search }: TextQuery): Selection | null {
  const [found, setFound] = useState<Selection | null>(null);
  const { stale, total } = source;
  useEffect(() => {
    if (search === "") setFound(null);
    if (search === "" || stale) return;
    const controller = new AbortController();
    source.positions(0, total, controller.signal).then(
      (rows) => controller.signal.aborted || setFound(Selection.of(rows)),
      // The source itself says why the kernel does not answer.
      () => {},
    );
    return () => controller.abort();
  }, [source, search, stale, total]);
  return found;
}

/** A pointer that moves on asks nothing. */
const PAUSE_MS = 80;

/** The texts of points: those of the header, or asked for one by one when a pointer rests on them. */
function useNames(
  { page, header, channel }: VectorRows,
  kept: Kept,
): (position: number) => Named | undefined {
  const [, draw] = useState(0);
  const asked = useRef<{ position: number; controller: AbortController } | null>(null);
  useEffect(() => () => asked.current?.controller.abort(), []);
  return (position) => {
    if (header.inline || position < page.count) return page.row(position);
    const key = `name ${position}`;
    const known = kept.get(key) as Named | undefined;
    if (known || !channel || asked.current?.position === position) return known;
    asked.current?.controller.abort();
    const controller = new AbortController();
    asked.current = { position, controller };
    setTimeout(() => {
      if (controller.signal.aborted) return;
      readNames(channel, position, controller.signal).then(
        (text) => {
          kept.set(key, text);
          draw((times) => times + 1);
        },
        (error) => {
          if (!isAbort(error)) asked.current = null;
        },
      );
    }, PAUSE_MS);
    return undefined;
  };
}

async function readNames(
  channel: Channel,
  position: number,
  signal: AbortSignal,
): Promise<Named | undefined> {
  const { read } = await ask(channel, "names", { positions: [position] }, signal);
  return readNamed(read, "row")[0];
}

interface TextsProps {
  rows: VectorRows;
  /** None while the work goes on. */
  onNear: ((text: Named) => void) | null;
}

function Texts({ rows, onNear }: TextsProps) {
  const detail = (row: TextRow, onClose: (() => void) | null) => (
    <TextDetail row={row} rows={rows} onNear={onNear} onClose={onClose} />
  );
  return (
    <OneOrMany
      rows={rows}
      one={(row) => detail(row, null)}
      many={() => <ManyTexts rows={rows} detail={detail} />}
    />
  );
}

function ManyTexts({
  rows,
  detail,
}: {
  rows: VectorRows;
  detail(row: TextRow, close: () => void): ComponentChildren;
}) {
  const { header, page } = rows;
  const table = useTable(rows, EVERYTHING);
  const columns = useMemo(
    (): Column<TextRow, "row" | "text">[] => [
      indexColumn(page, header.rows),
      {
        ...textColumn,
        cell: (row: TextRow, narrow: boolean) =>
          row.reason !== null || (row.pending && !row.text) ? (
            <NoResult row={row} />
          ) : (
            <span class={row.pending ? "nbt-pending" : undefined}>{textColumn.cell(row, narrow)}</span>
          ),
      },
    ],
    [page, header.rows],
  );
  return (
    <RowTable
      rows={rows}
      table={table}
      label={`Texts, embedded by ${header.title}`}
      columns={columns}
      each="text"
      detail={detail}
    />
  );
}

interface DetailProps extends TextsProps {
  row: TextRow;
  onClose: (() => void) | null;
}

function TextDetail({ row, rows, onNear, onClose }: DetailProps) {
  const full = useFullText(row, rows.fullText);
  return (
    <DetailFrame row={row} onClose={onClose}>
      <TextInFull row={row} full={full} />
      {row.cut && <p class="nbt-aside">The model read only the beginning of this text.</p>}
      {row.reason !== null && full.text !== "" && <p class="nbt-muted">{row.reason}</p>}
      {onNear && row.reason === null && (
        <span class="nbt-tools">
          <button type="button" class="nbt-button nbt-button-outlined" onClick={() => onNear(row)}>
            Nearest texts
          </button>
        </span>
      )}
    </DetailFrame>
  );
}

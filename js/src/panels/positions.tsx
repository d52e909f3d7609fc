// Encodings of positions: as a heat map, as curves, and which positions are alike, with the formula beside them.
import { useMemo, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { ask, type Kept } from "../rows/answers";
import { type Area, type Tile, Tiles } from "../rows/tiles";
import { formatPlace, formatValue } from "../text";
import { Curves } from "../views/curves";
import { ExportButton } from "../views/export";
import { FilesBar } from "../views/files";
import { FormulaLines } from "../views/formulalines";
import type { Paint } from "../views/heatmap";
import { PICTURES, PictureBar, type PictureBarProps } from "../views/picturebar";
import { PositionCurves } from "../views/positioncurves";
import { type MapParams, type MapTiles, PositionMap, type SelectedRows } from "../views/positionmap";
import { Segments } from "../views/segments";
import { Encoding, type Picture, positionsHeader } from "../wire/positions";
import { Sections } from "../wire/sections";
import type { ResultProps } from "./panel";
import { Result } from "./rowtable";

type Tab = "heat" | "curves" | "alike";

export function PositionsPanel({ header: raw, payload, channel, selection, select }: ResultProps) {
  const [header, encodings] = useMemo(() => {
    const header = positionsHeader(raw);
    const read = new Sections(header.sections, payload);
    return [header, header.encodings.map((facts, number) => new Encoding(number, facts, read))];
  }, [raw, payload]);
  const kept = useMemo<Kept>(() => new Map(), [header]);
  const tiles = useMemo(() => tilesOf(encodings, channel), [encodings, channel]);
  const [wished, setWished] = useState(0);
  const [tab, setTab] = useState<Tab>("heat");
  const [exporting, setExporting] = useState(false);
  const encoding = encodings[wished] ?? (encodings[0] as Encoding);
  const { facts } = encoding;
  // Numbers are those of the first encoding; another one may be of other positions.
  const isAlike = facts.rows === header.rows && facts.first === header.encodings[0]?.first;
  const selected = isAlike ? { rows: selection, select } : null;
  return (
    <Result rows={{ header, progress: null }}>
      <nav class="nbt-tools" aria-label="Views">
        <Segments<Tab> label="View" options={tabsOf(encoding)} chosen={tab} onChoose={(key) => setTab(key)} />
        {encodings.length > 1 && (
          <Segments
            label="Encoding"
            options={encodings.map(
              ({ number, facts }) => [String(number), titleOf(facts), facts.told] as const,
            )}
            chosen={String(encoding.number)}
            onChoose={(number) => setWished(Number(number))}
          />
        )}
        <ExportButton open={exporting} onToggle={setExporting} />
      </nav>
      {encodings.length > 1 && <p class="nbt-positions-told">{facts.told}</p>}
      <EncodingView
        key={encoding.number}
        {...{ encoding, tiles, channel, kept, selected, tab, exporting }}
        title={header.title}
      />
    </Result>
  );
}

interface EncodingProps extends Pick<ViewProps, "encoding" | "tiles" | "channel" | "kept" | "selected"> {
  tab: Tab;
  exporting: boolean;
  title: string;
}

/** One encoding in one of the views, and its files. */
function EncodingView({ tab, exporting, title, ...given }: EncodingProps) {
  const { encoding, channel } = given;
  const [picture, setPicture] = useState<Picture>(encoding.facts.pictures[0] as Picture);
  const [head, setHead] = useState(0);
  const root = useRef<HTMLDivElement>(null);
  const view = { ...given, picture, setPicture, head, setHead };
  return (
    <div class="nbt-positions" ref={root}>
      {exporting && (
        <FilesBar
          channel={channel}
          title={`${title} positions`}
          pictures={root}
          files={FILES}
          params={{ encoding: encoding.number, picture: tab === "alike" ? "alike" : picture, head }}
          about="Files are written into the notebook's folder: this picture, or all numbers as NPZ."
        />
      )}
      {tab === "heat" && <HeatView {...view} />}
      {tab === "curves" && <PositionCurves {...view} />}
      {tab === "alike" && <AlikeView {...view} />}
    </div>
  );
}

const FILES = [
  ["png", "PNG", "A figure of this picture as a heat map, fit for a paper"],
  ["svg", "SVG", "A figure of this picture as a heat map, fit for a paper"],
  ["csv", "CSV", "The numbers of this picture: a row a position"],
  ["npz", "NPZ", "All numbers of all encodings, as arrays that numpy reads"],
] as const;

function titleOf({ name, form }: Encoding["facts"]): string {
  return name || form;
}

function tabsOf({ facts: { form, column } }: Encoding): readonly (readonly [Tab, string])[] {
  return [
    ["heat", "Heat map"],
    ["curves", `Curves by ${column}`],
    ["alike", form === "relative" ? "By query and key" : "Similarity"],
  ];
}

/** The parts of all pictures: those that came whole, or from afar, and those that are asked for. */
function tilesOf(encodings: readonly Encoding[], channel: Channel): MapTiles {
  const came = ({ encoding, picture, head }: MapParams): Tile | null => {
    const one = encodings[encoding];
    if (!one) return null;
    return picture === "alike" ? one.alike(head ?? 0) : one.picture(picture as Picture);
  };
  const isWhole = ({ rows, columns }: Tile) => rows[1] === rows[2] && columns[1] === columns[2];
  return new Tiles<MapParams, Tile>(
    async (params: MapParams & Area, signal) => {
      const afar = came(params);
      if (afar && spans(params, afar)) return afar;
      const { rows, columns } = params;
      const { read } = await ask(channel, "tile", params, signal);
      const [rowStarts, columnStarts] = [read.uint32("row_starts"), read.uint32("column_starts")];
      return { rows, columns, values: read.float32("values"), rowStarts, columnStarts };
    },
    (params) => {
      const tile = came(params);
      return tile && isWhole(tile) ? tile : null;
    },
  );
}

/** Whether all of a picture is asked for. */
function spans(area: Area, { rows, columns }: Tile): boolean {
  return (
    area.rows[0] === 0 && area.rows[1] === rows[1] && area.columns[0] === 0 && area.columns[1] === columns[1]
  );
}

interface ViewProps extends PictureBarProps {
  tiles: MapTiles;
  channel: Channel;
  kept: Kept;
  selected: SelectedRows | null;
  /** Of what each head adds, which head. */
  head: number;
  setHead(head: number): void;
}

function HeatView({ encoding, tiles, selected, picture, setPicture }: ViewProps) {
  const { facts } = encoding;
  return (
    <>
      <PictureBar encoding={encoding} picture={picture} setPicture={setPicture} />
      <PositionMap
        label={`${PICTURES[picture]} by ${facts.row} and ${facts.column}`}
        params={{ encoding: encoding.number, picture }}
        tiles={tiles}
        shape={{ rows: facts.rows, columns: facts.columns, square: false }}
        paint={paintOf(encoding, picture)}
        what={picture === "angle" ? "Radians" : PICTURES[picture]}
        sides={{ row: facts.row, column: facts.column, firstRow: facts.first }}
        selected={selected}
        tell={(row, column) => <Worked encoding={encoding} picture={picture} row={row} column={column} />}
      >
        <FormulaLines lines={facts.formula} source={facts.source} />
      </PositionMap>
    </>
  );
}

/** How the colours of a picture are made: two from zero on, or of angles one, by their order of size. */
function paintOf({ facts: { pictures, most, form } }: Encoding, picture: Picture): Paint & Ends {
  const end = most[pictures.indexOf(picture)] || 1;
  if (picture === "angle") {
    const share = (value: number) => Math.log1p(value) / Math.log1p(end);
    return { key: `angle ${end}`, ramp: "ramp", share, low: "0", high: formatValue(end) };
  }
  const [low, high] = [`−${formatValue(end)}`, formatValue(end)];
  // The largest numbers that were learned are beyond the ends.
  return diverging(end, form === "learned" ? { low: `≤ ${low}`, high: `≥ ${high}` } : { low, high });
}

interface Ends {
  low: string;
  high: string;
}

function diverging(end: number, ends: Ends): Paint & Ends {
  return { key: `diverging ${end}`, ramp: "diverge", share: (value) => 0.5 + value / (2 * end), ...ends };
}

interface WorkedProps {
  encoding: Encoding;
  picture: Picture;
  row: number;
  column: number;
}

/** How a number comes about, where a formula gives it. */
function Worked({ encoding, picture, row, column }: WorkedProps) {
  const { form, columns, formula } = encoding.facts;
  if (form === "sinusoidal" && formula[0]?.startsWith("PE(p, 2i)")) {
    const wave = column % 2 === 0 ? "sin" : "cos";
    return <FormulaLines lines={[`${wave}(${row} / 10000^(${column - (column % 2)}/${columns}))`]} />;
  }
  if (form !== "rotary") return null;
  const angle = `${row} · ${encoding.frequency(column).toPrecision(4)}`;
  return <FormulaLines lines={[picture === "angle" ? angle : `${picture}(${angle})`]} />;
}

function AlikeView({ encoding, tiles, selected, head, setHead }: ViewProps) {
  const { facts } = encoding;
  const isBias = facts.form === "relative";
  const line = useMemo(() => encoding.byDistance, [encoding]);
  const end = isBias ? (facts.most[0] ?? 1) || 1 : 1;
  const sides = isBias ? { row: "query", column: "key" } : { row: facts.row, column: facts.row };
  const first = isBias ? 0 : facts.first;
  return (
    <>
      {isBias && facts.columns > 1 && (
        <div class="nbt-tools">
          <Segments
            label="Head"
            options={Array.from({ length: facts.columns }, (_, at) => [String(at), `Head ${at}`] as const)}
            chosen={String(head)}
            onChoose={(next) => setHead(Number(next))}
          />
        </div>
      )}
      <PositionMap
        label={isBias ? `What head ${head} adds by query and key` : `Similarity of ${facts.row}s`}
        params={{ encoding: encoding.number, picture: "alike", head }}
        tiles={tiles}
        shape={{ rows: facts.side, columns: facts.side, square: true }}
        paint={diverging(end, { low: `−${formatValue(end)}`, high: formatValue(end) })}
        what={isBias ? "Bias" : facts.form === "rotary" ? "Product" : "Cosine"}
        sides={{ ...sides, firstRow: first, firstColumn: first }}
        selected={isBias ? null : selected}
        tell={(row, column) => (
          <span>{`${facts.row === "distance" && !isBias ? "apart by" : "distance"} ${formatPlace(isBias ? column - row : Math.abs(column - row))}`}</span>
        )}
      >
        <p class="nbt-muted">{ALIKE[facts.form].replace("positions", `${facts.row}s`)}</p>
      </PositionMap>
      {line && (
        <Curves
          label="Similarity by distance"
          curves={[{ ...line, name: "similarity", colour: "blue" }]}
          across="distance"
          axis="distance"
        >
          <span class="nbt-muted">
            {facts.form === "rotary"
              ? "It depends on the distance alone."
              : "The mean over all pairs so far apart."}
          </span>
        </Curves>
      )}
    </>
  );
}

const ALIKE: Record<Encoding["facts"]["form"], string> = {
  sinusoidal: "The cosine of the rows of two positions.",
  learned: "The cosine of the rows of two positions.",
  rotary: "A vector of length 1, its pairs alike, turned to one position and to the other: their product.",
  relative: "What the head adds to the score of a key, by how far it is from the query.",
};

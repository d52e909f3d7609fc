// One map of attention as a heat map: as coarse as the text is long, and exact where one looks closely.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { MapParams, MapTile, MapTiles, Place, Pooling, Source } from "../rows/attentiontiles";
import type { Area } from "../rows/tiles";
import { formatCount, formatValue } from "../text";
import type { PartFacts, Reading, Tokens } from "../wire/attention";
import { nameOf, placesOf, textOf } from "./edges";
import { type Found, HeatPlane, isOne, useHeat } from "./heat";
import type { Paint } from "./heatmap";
import type { Look, Scale } from "./looking";
import { exactly } from "./named";
import { WaitStrip } from "./notices";

interface AttentionMatrixProps {
  label: string;
  /** What a cell tells; a weight, unless it says otherwise. */
  name?: string;
  reading: Reading;
  look: Look;
  source: Source;
  pooling: Pooling;
  tiles: MapTiles;
  /** A key that is of no use to the map itself; whether it was of use. */
  onKey?(event: KeyboardEvent): boolean;
  /** What can be done from the query and the key token of a cell that is kept. */
  actions?(query: number, key: number): ComponentChildren;
  /** How cells are looked at, where there is more to say than by pointing and walking. */
  hint?: string;
}

/** A text of no more tokens is seen weight by weight. */
export const SIDE_PX = 560;
/** A longer text has an overview that is quick before one that is exact. */
const QUICK = 1024;

/** The lines of both sides, and what they are the lines of. */
interface Sides {
  queries: Tokens;
  keys: Tokens;
  rows: readonly Place[];
  columns: readonly Place[];
}

export function AttentionMatrix(props: AttentionMatrixProps) {
  const { part, hideSpecial, words } = props.look;
  const [queries, keys] = [props.reading.queries(part), props.reading.keys(part)];
  const sides = useMemo((): Sides => {
    const [rows, columns] = placesOfMap(queries, keys, { hideSpecial, words });
    return { queries, keys, rows, columns };
  }, [queries, keys, queries.known, keys.known, hideSpecial, words]);
  if (sides.rows.length === 0 || sides.columns.length === 0)
    return <p class="nbt-none">No token is left to show: there are only special ones.</p>;
  return <MapOf {...props} sides={sides} />;
}

function MapOf(props: AttentionMatrixProps & { sides: Sides }) {
  const { label, name = "Weight", reading, look, source, pooling, tiles, sides, onKey, actions } = props;
  const { hint = "Point at a cell, or walk with the arrow keys." } = props;
  const { part, scale } = look;
  const { queries, keys, rows, columns } = sides;
  const params = paramsOf(part, source, pooling, look);
  const square = part.query_side === part.key_side;
  const shape = { rows: rows.length, columns: columns.length, square, height: SIDE_PX, left: 120, top: 84 };
  const heat = useHeat<MapTile>(shape, tiles, (areas) => tiles.want(params, hurried(tiles, params, areas)));
  const { here, exact, found, pinned } = heat;
  // A rollout of a long text is of stretches, however closely one looks.
  const inStretches = source.layer === "rollout" && here.some(({ sampled }) => sampled);
  const most = mostOf(here, exact && pooling === "mean");
  const paint = paintOf(scale, most, reading.header.signed && source.layer !== "rollout");
  const picture = {
    paint,
    rowName: (at: number) => rows[at] && shortly(queries, rows[at]),
    columnName: (at: number) => columns[at] && shortly(keys, columns[at]),
    figure,
    epoch: `${queries.known} ${keys.known} ${JSON.stringify(params)}`,
  };
  const [query, key] = found && isOne(found) ? [rows[found.rows[0]], columns[found.columns[0]]] : [];
  return (
    <section class="nbt-matrix nbt-map" aria-label={label}>
      <MapLegend
        name={name}
        scale={scale}
        most={most}
        paint={paint}
        told={inStretches ? STRETCHES : exact ? null : POOLED[pooling]}
      />
      {tiles.problem && <WaitStrip message={tiles.problem} retry={() => tiles.retry()} />}
      <HeatPlane label={label} heat={heat} picture={picture} {...(onKey ? { onKey } : {})}>
        <Readout
          found={found}
          waiting={tiles.waiting}
          empty={here.length === 0}
          hint={hint}
          pooling={pooling}
          inStretches={inStretches}
          sides={sides}
        >
          {pinned && query && key && actions?.(query.start, key.start)}
        </Readout>
      </HeatPlane>
    </section>
  );
}

/** The lines of both sides of a map. */
export function placesOfMap(
  queries: Tokens,
  keys: Tokens,
  { hideSpecial, words }: Pick<Look, "hideSpecial" | "words">,
): [Place[], Place[]] {
  const shown = { hideSpecial, words, text: "both" as const };
  const rows = placesOf(queries, shown);
  return [rows, queries === keys ? rows : placesOf(keys, shown)];
}

export function paramsOf(
  { part }: PartFacts,
  source: Source,
  pooling: Pooling,
  { hideSpecial, words, scale }: Pick<Look, "hideSpecial" | "words" | "scale">,
): MapParams {
  return {
    part,
    ...source,
    pooling,
    ...(hideSpecial ? { hide_special: true } : {}),
    ...(words ? { words: true } : {}),
    ...(scale === "row" ? { row_most: true } : {}),
  };
}

/** The overview of a long text comes from some of its rows first. */
function hurried(tiles: MapTiles, params: MapParams, areas: readonly Area[]): Area[] {
  const [afar, ...rest] = areas;
  if (!afar) return [];
  const isLong = afar.rows[1] - afar.rows[0] > QUICK;
  return isLong && !tiles.has(params, afar) ? [{ ...afar, quick: true }, afar, ...rest] : [afar, ...rest];
}

/** What the end of the colours stands for. Means lie far below what they are means of. */
function mostOf(here: readonly MapTile[], isMeans: boolean): number {
  const of = isMeans && here.length > 1 ? here.slice(1) : here.slice(0, 2);
  return Math.max(0, ...of.map(({ most }) => most));
}

/** Weights of less than so many powers of ten below the greatest are coloured alike. */
const DECADES = 4;

export function paintOf(scale: Scale, most: number, signed: boolean): Paint {
  const sized = (value: number, greatest: number) => {
    const share = greatest > 0 ? value / greatest : 0;
    return scale === "log" ? Math.max(0, 1 + Math.log10(share) / DECADES) : share;
  };
  return {
    key: `${scale} ${most} ${signed}`,
    ramp: signed ? "diverge" : "ramp",
    share: (value, tile, row) => {
      const size = sized(Math.abs(value), scale === "row" ? ((tile as MapTile).rowMost[row] ?? 0) : most);
      return signed ? 0.5 + (Math.sign(value) * size) / 2 : size;
    },
  };
}

interface LegendProps {
  /** What is coloured. */
  name: string;
  scale: Scale;
  most: number;
  paint: Paint;
  /** What a cell is of, where that is not one weight. */
  told: string | null;
}

export function MapLegend({ name, scale, most, paint, told }: LegendProps) {
  const isDifference = paint.ramp === "diverge";
  const high = scale === "row" ? "the row’s greatest" : formatValue(most);
  const low = isDifference ? `−${high}` : scale === "log" ? formatValue(most / 10 ** DECADES) : "0";
  return (
    <p class="nbt-map-legend">
      <span class={isDifference ? "nbt-ramp nbt-ramp-diverge" : "nbt-ramp"}>
        <span>{isDifference ? "Difference" : name}</span>
        <span>{low}</span>
        <i aria-hidden="true" />
        <span>{high}</span>
      </span>
      {told && <span class="nbt-aside">{told}</span>}
    </p>
  );
}

const POOLED: Record<Pooling, string> = {
  max: "each cell the greatest of several: zoom in for single weights",
  mean: "each cell the mean of several: zoom in for single weights",
};

export const STRETCHES = "The text is parted into stretches of several tokens.";

interface ReadoutProps {
  found: Found<MapTile> | null;
  waiting: boolean;
  /** Nothing is to be seen yet. */
  empty: boolean;
  /** How cells are looked at. */
  hint: string;
  pooling: Pooling;
  /** Cells are of stretches of the text. */
  inStretches: boolean;
  sides: Sides;
  children: ComponentChildren;
}

function Readout({ found, waiting, empty, hint, pooling, inStretches, sides, children }: ReadoutProps) {
  if (!found) {
    return (
      <div class="nbt-readout nbt-muted">
        {empty && waiting ? "Waiting for the kernel…" : hint}
        {!empty && waiting && <span class="nbt-aside">A finer picture is on its way.</span>}
      </div>
    );
  }
  const { rows, columns, value, tile } = found;
  const count = (rows[1] - rows[0]) * (columns[1] - columns[0]);
  const [query, key] = [sides.rows[rows[0]], sides.columns[columns[0]]];
  return (
    <div class="nbt-readout" aria-live="polite">
      <span class="nbt-value-big" title={String(value)}>
        {formatWeight(value)}
      </span>
      {count === 1 && query && key ? (
        <div class="nbt-pair">
          <End name="from" side={sides.queries} place={query} />
          <End name="to" side={sides.keys} place={key} />
        </div>
      ) : inStretches ? (
        <span>{`from tokens ${spanOf(sides.rows, rows)} to tokens ${spanOf(sides.columns, columns)}`}</span>
      ) : (
        <span>{`the ${pooling === "max" ? "greatest" : "mean"} of ${formatCount(count)} weights`}</span>
      )}
      {Number.isNaN(value) && <span class="nbt-aside">One of the two has no such token.</span>}
      {tile.sampled && !inStretches && (
        <span class="nbt-aside">from some of the rows, until all have come</span>
      )}
      {children && <span class="nbt-tools">{children}</span>}
    </div>
  );
}

/** The first and the last token of some lines. */
function spanOf(places: readonly Place[], [start, stop]: Found<MapTile>["rows"]): string {
  return `${places[start]?.start ?? ""}–${(places[stop - 1]?.stop ?? 1) - 1}`;
}

function End({ name, side, place }: { name: string; side: Tokens; place: Place }) {
  return (
    <p title={nameOf(side, place)}>
      <bdi class="nbt-number">{`${name} ${place.start}`}</bdi>
      <span dir="auto">{shortly(side, place)}</span>
    </p>
  );
}

/** A weight as there is room for it in its cell. */
function figure(value: number): string {
  return value === 0 ? "0" : Math.abs(value) >= 0.1 ? exactly(value, 2) : formatValue(value);
}

/** A weight with the figures that it is compared by. */
export function formatWeight(value: number): string {
  if (Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  const text = size >= 1e-3 ? size.toFixed(5) : size === 0 ? "0" : size.toExponential(3);
  return (value < 0 ? "−" : "") + text.replace("e-", "e−");
}

/** A token as a line beside the map has it: what is only a blank, by its mark. */
export function shortly(side: Tokens, place: Place): string {
  const text = textOf(side, place);
  return text.trim() || nameOf(side, place).replace(/ · tokens? .*$/, "");
}

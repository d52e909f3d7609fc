// A picture of position encodings as a heat map: sampled from afar, and every number where one looks closely.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Tile, Tiles } from "../rows/tiles";
import { formatPlace } from "../text";
import { type Found, type Heat, HeatPlane, type HeatShape, useHeat } from "./heat";
import type { Paint } from "./heatmap";
import { exactly } from "./named";
import { WaitStrip } from "./notices";
import { SelectedCount } from "./selectedcount";
import { revealing } from "./viewport";

/** Which picture: of which encoding, and of each position with each for which head. */
export interface MapParams {
  encoding: number;
  picture: string;
  head?: number;
}

/** The rows that are selected, by number, and the way to select others. */
export interface SelectedRows {
  rows: readonly number[];
  select(rows: number[]): void;
}

export type MapTiles = Tiles<MapParams, Tile>;

interface PositionMapProps {
  label: string;
  params: MapParams;
  tiles: MapTiles;
  shape: Pick<HeatShape, "rows" | "columns" | "square">;
  paint: Paint & { low: string; high: string };
  /** What the colours stand for. */
  what: string;
  /** What rows and columns are, and what the first of each is called. */
  sides: { row: string; column: string; firstRow: number; firstColumn?: number };
  /** Null where rows are none that can be selected. */
  selected: SelectedRows | null;
  /** What is said of a cell, by its row and column. */
  tell(row: number, column: number): ComponentChildren;
  children: ComponentChildren;
}

const HEIGHT_PX = 420;

export function PositionMap(props: PositionMapProps) {
  const { label, params, tiles, shape, paint, what, sides, selected, tell, children } = props;
  const { firstRow, firstColumn = 0 } = sides;
  const longest = Math.max(...[firstRow, firstRow + shape.rows - 1].map((row) => formatPlace(row).length));
  const full: HeatShape = {
    ...shape,
    height: HEIGHT_PX,
    left: 16 + 7 * longest,
    top: 22,
    counted: { row: firstRow, column: firstColumn },
  };
  const heat = useHeat<Tile>(full, tiles, (areas) => tiles.want(params, areas));
  useSelectedRow(heat, selected);
  const rows = selected?.rows ?? [];
  const picture = { paint, epoch: JSON.stringify(params) };
  const kind = shape.square
    ? "nbt-matrix nbt-positions-map nbt-positions-square"
    : "nbt-matrix nbt-positions-map";
  return (
    <section class={kind} aria-label={label}>
      <div class="nbt-tools">
        <span class={paint.ramp === "diverge" ? "nbt-ramp nbt-ramp-diverge" : "nbt-ramp"}>
          <span>{what}</span>
          <span>{paint.low}</span>
          <i aria-hidden="true" />
          <span>{paint.high}</span>
        </span>
        <span class="nbt-muted">{extentOf(sides, shape)}</span>
        {selected && rows[0] !== undefined && (
          <SelectedCount
            said={
              rows.length > 1
                ? `${rows.length} selected`
                : `${sides.row} ${formatPlace(firstRow + rows[0])} selected`
            }
            clear={() => selected.select([])}
          />
        )}
      </div>
      {tiles.problem && <WaitStrip message={tiles.problem} retry={() => tiles.retry()} />}
      <HeatPlane label={label} heat={heat} picture={picture} rows={rows}>
        <div class="nbt-readout nbt-positions-readout" aria-live="polite">
          {heat.found ? (
            <Cell found={heat.found} sides={sides} tell={tell} />
          ) : (
            <span class="nbt-muted">
              {tiles.waiting ? "Waiting for the kernel…" : "Point at a cell, or walk with the arrow keys."}
            </span>
          )}
          <Sampled here={heat.here} sides={sides} />
          {children}
        </div>
      </HeatPlane>
    </section>
  );
}

/** The row of the cell that is pinned is what is selected; one that is selected elsewhere is brought into sight. */
function useSelectedRow(heat: Heat<Tile>, selected: SelectedRows | null): void {
  const { view, setView, shape, found, pinned, unpin } = heat;
  /** What is pinned here. */
  const own = useRef<number | null>(null);
  const row = pinned && found ? found.rows[0] : null;
  const first = selected?.rows[0];
  useEffect(() => {
    if (row === own.current) return;
    own.current = row;
    selected?.select(row === null ? [] : [row]);
  }, [row]);
  useEffect(() => {
    if (!selected || first === own.current) return;
    if (own.current !== null) {
      own.current = null;
      unpin();
    }
    if (first === undefined) return;
    const { rows } = shape;
    setView(revealing(view, { x: view.x, y: first / rows }, { x: view.x, y: (first + 1) / rows }));
  }, [first]);
}

interface CellProps extends Pick<PositionMapProps, "sides" | "tell"> {
  found: Found<Tile>;
}

function Cell({ found: { value, rows, columns }, sides, tell }: CellProps) {
  const { firstRow, firstColumn = 0 } = sides;
  const [row, column] = [firstRow + rows[0], firstColumn + columns[0]];
  return (
    <>
      <span class="nbt-value-big">{exactly(value)}</span>
      <span>{`${sides.row} ${formatPlace(row)}, ${sides.column} ${formatPlace(column)}`}</span>
      {tell(row, column)}
    </>
  );
}

function extentOf(
  { row, column, firstRow }: PositionMapProps["sides"],
  { rows, columns }: PositionMapProps["shape"],
): string {
  if (row === column) return `${rangeOf(row, firstRow, rows)}, down and across`;
  return `${rangeOf(row, firstRow, rows)} down, ${rangeOf(column, 0, columns)} across`;
}

function rangeOf(what: string, first: number, count: number): string {
  return count === 1
    ? `${what} ${formatPlace(first)}`
    : `${what === "query" ? "queries" : `${what}s`} ${formatPlace(first)} to ${formatPlace(first + count - 1)}`;
}

/** That not all is drawn, as long as it is not. */
function Sampled({ here, sides }: { here: readonly Tile[]; sides: PositionMapProps["sides"] }) {
  const finest = here.at(-1);
  const step = (starts: Uint32Array | undefined) => (starts?.[1] ?? 1) - (starts?.[0] ?? 0);
  const [down, across] = [step(finest?.rowStarts), step(finest?.columnStarts)];
  if (down <= 1 && across <= 1) return null;
  const parts = new Set([
    ...(down > 1 ? [`every ${ordinal(down)} ${sides.row}`] : []),
    ...(across > 1 ? [`every ${ordinal(across)} ${sides.column}`] : []),
  ]);
  return <span class="nbt-muted">{`Drawn: ${[...parts].join(", ")}. Zoom in to see all.`}</span>;
}

function ordinal(number: number): string {
  const last = number % 100 > 10 && number % 100 < 14 ? 0 : number % 10;
  return `${number}${["th", "st", "nd", "rd"][last] ?? "th"}`;
}

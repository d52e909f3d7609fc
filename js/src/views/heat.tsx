// A matrix that is looked at: zoomed into as far as one of its cells, from as afar as it is large, and walked through.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { type Area, levelFor, SIDE, type Stretch, stretchesIn, type Tile } from "../rows/tiles";
import { type Counted, drawMatrix, markCells, markRows, NAME_PX, type Picture } from "./heatmap";
import { type Frame, Plane } from "./plane";
import { clamp, type Point, revealing, type View, WHOLE } from "./viewport";

/** How many places each side has, and how they are laid out. */
export interface HeatShape {
  rows: number;
  columns: number;
  /** Both sides are of the same things, and of one length on the screen. */
  square: boolean;
  /** No higher than this. */
  height: number;
  /** Room for the names of the rows, and above for those of the columns. */
  left: number;
  top: number;
  /** Numbers stand beside both sides, from as afar as one looks. */
  counted?: Counted;
}

/** Cells are no larger than this, and no smaller when zoomed in as far as it goes. */
const CELL_PX = 60;
const GUESS_PX = 900;

/** A place in the order of the rows and of the columns. */
export interface Cell {
  row: number;
  column: number;
}

/** From one place in the order to before another. */
export type Span = readonly [start: number, stop: number];

/** What is known of a cell. */
export interface Found<T> {
  value: number;
  rows: Span;
  columns: Span;
  tile: T;
}

/** Where one looks at a matrix, and what is there. */
export interface Heat<T extends Tile> {
  shape: HeatShape;
  view: View;
  setView(view: View): void;
  /** The parts that are here, the coarsest first. */
  here: readonly T[];
  /** Whether every cell in sight is to be one place of both sides. */
  exact: boolean;
  /** The cell that is pointed at or was walked to, as far as it is known. */
  found: Found<T> | null;
  point(cell: Cell | null): void;
  pinned: boolean;
  pin(cell: Cell): void;
  unpin(): void;
  onKey(event: KeyboardEvent): boolean;
}

/** Parts of a matrix, as they come. */
interface Source {
  changed: () => void;
  dispose(): void;
}

/** `want` gives the parts that are here of those in sight, and has the others asked for. */
export function useHeat<T extends Tile>(
  shape: HeatShape,
  tiles: Source,
  want: (areas: readonly Area[]) => T[],
): Heat<T> {
  const [view, setView] = useState<View>(WHOLE);
  const [cell, setCell] = useState<Cell | null>(null);
  const [pinned, setPinned] = useState(false);
  const [, draw] = useState(0);
  // Before the page is painted: a part that is at hand comes before any later effect runs.
  useLayoutEffect(() => {
    tiles.changed = () => draw((times) => times + 1);
    return () => tiles.dispose();
  }, [tiles]);
  const { rows, columns } = shape;
  const { width, height } = frameOf(shape, view.zoom, GUESS_PX);
  const areas = useMemo(
    () => areasIn(shape, view, { x: width, y: height }),
    [rows, columns, view, width, height],
  );
  const here = want(areas);
  const found = cell && cellAt(here, cell);
  const walk = (down: number, right: number) => {
    const at = cell ?? { row: 0, column: 0 };
    // Where a cell is many places, on to the next cell.
    const step = (from: number, by: number, span: Span | undefined) =>
      by > 0 && span ? span[1] : from + by * (span ? span[1] - span[0] : 1);
    const to = {
      row: clamp(step(at.row, down, found?.rows), 0, rows - 1),
      column: clamp(step(at.column, right, found?.columns), 0, columns - 1),
    };
    setCell(to);
    setPinned(false);
    setView((now) =>
      revealing(
        now,
        { x: to.column / columns, y: to.row / rows },
        { x: (to.column + 1) / columns, y: (to.row + 1) / rows },
      ),
    );
  };
  const onKey = ({ key }: KeyboardEvent) => {
    const [down, right] = ARROWS[key] ?? [0, 0];
    if (down || right) walk(down, right);
    else if (key === "Enter" || key === " ") setPinned(!pinned && cell !== null);
    else if (key === "Escape" && cell) {
      setPinned(false);
      setCell(null);
    } else return false;
    return true;
  };
  return {
    shape,
    view,
    setView,
    here,
    exact: areas.slice(1).every(({ rows, columns }) => isExact(rows) && isExact(columns)),
    found,
    point: setCell,
    pinned,
    pin: (next) => {
      const same = pinned && cell?.row === next.row && cell.column === next.column;
      setCell(next);
      setPinned(!same && isOne(cellAt(here, next)));
    },
    unpin: () => {
      setPinned(false);
      setCell(null);
    },
    onKey,
  };
}

interface HeatPlaneProps<T extends Tile> {
  label: string;
  heat: Heat<T>;
  picture: Omit<Picture, "rows" | "columns" | "here" | "counted">;
  /** Rows that are outlined. */
  rows?: readonly number[];
  /** A key that is of no use to the matrix itself; whether it was of use. */
  onKey?(event: KeyboardEvent): boolean;
  /** What is said of the cell that is pointed at. */
  children: ComponentChildren;
}

export function HeatPlane<T extends Tile>(props: HeatPlaneProps<T>) {
  const { label, heat, picture, rows: outlined = [], onKey, children } = props;
  const { shape, view, here, found, pinned } = heat;
  const { rows, columns } = shape;
  const whole: Picture = { ...picture, rows, columns, here, counted: shape.counted };
  const cellOf = ({ x, y }: Point) => ({ row: Math.floor(y * rows), column: Math.floor(x * columns) });
  return (
    <div class="nbt-looking">
      <Plane
        label={`${label}: arrow keys go from cell to cell, Enter keeps one, plus and minus zoom`}
        frame={(width) => frameOf(shape, view.zoom, width)}
        view={view}
        most={{ x: mostOf(shape.columns, shape), y: mostOf(shape.rows, shape) }}
        onView={heat.setView}
        doubled
        byPen
        draw={(paper) => drawMatrix(paper, whole)}
        epoch={[picture.paint.key, picture.epoch, shape, here.length, here.at(-1), here[0]]}
        mark={(paper) => {
          markRows(paper, whole, outlined);
          if (found) markCells(paper, whole, found);
        }}
        onPoint={(at) => !pinned && heat.point(at && cellOf(at))}
        onPress={(at) => heat.pin(cellOf(at))}
        onKey={(event) => heat.onKey(event) || onKey?.(event) === true}
      />
      {children}
    </div>
  );
}

const ARROWS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** First of all the whole from afar: something to see while what is asked for is on its way. */
function areasIn({ rows, columns }: HeatShape, { x, y, zoom }: View, pixels: Point): Area[] {
  const inSight = (count: number, from: number, zoom: number, pixels: number) =>
    stretchesIn(count, levelFor(count, zoom, pixels), from, from + 1 / zoom);
  const areas: Area[] = [{ rows: fromAfar(rows), columns: fromAfar(columns) }];
  const across = inSight(columns, x, zoom.x, pixels.x);
  for (const down of inSight(rows, y, zoom.y, pixels.y))
    for (const other of across) areas.push({ rows: down, columns: other });
  return areas;
}

function isExact([start, stop, cells]: Stretch): boolean {
  return stop - start === cells;
}

/** Whether a cell is one place of both sides. */
export function isOne(found: Found<unknown> | null): boolean {
  return found !== null && found.rows[1] - found.rows[0] === 1 && found.columns[1] - found.columns[0] === 1;
}

function mostOf(count: number, { height }: HeatShape): number {
  return Math.max(1, (count * CELL_PX) / height);
}

function fromAfar(count: number): Stretch {
  return stretchesIn(count, levelFor(count, 1, SIDE), 0, 1)[0] as Stretch;
}

function frameOf(shape: HeatShape, zoom: Point, width: number): Frame {
  const { rows, columns, square } = shape;
  const framed = (left: number) => {
    const across = Math.min(width - left, columns * CELL_PX);
    const down = Math.min(shape.height, rows * CELL_PX);
    const side = Math.min(across, down);
    return square ? { left, width: side, height: side } : { left, width: across, height: down };
  };
  const named = framed(Math.min(shape.left, width * 0.3));
  if (shape.counted) return { ...named, top: shape.top };
  const frame = (named.height * zoom.y) / rows >= NAME_PX ? named : framed(0);
  return { ...frame, top: (frame.width * zoom.x) / columns >= NAME_PX ? shape.top : 0 };
}

/** What the finest tile that is here says of a cell. */
function cellAt<T extends Tile>(here: readonly T[], { row, column }: Cell): Found<T> | null {
  const tile = here.findLast(
    ({ rows, columns }) => row >= rows[0] && row < rows[1] && column >= columns[0] && column < columns[1],
  );
  if (!tile) return null;
  const [down, across] = [placeOf(tile.rowStarts, row), placeOf(tile.columnStarts, column)];
  return {
    value: tile.values[down * (tile.columnStarts.length - 1) + across] ?? Number.NaN,
    rows: [tile.rowStarts[down] ?? 0, tile.rowStarts[down + 1] ?? 0],
    columns: [tile.columnStarts[across] ?? 0, tile.columnStarts[across + 1] ?? 0],
    tile,
  };
}

/** The last of some sorted starts that is not beyond a place. */
function placeOf(starts: Uint32Array, at: number): number {
  let [low, high] = [0, starts.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return low;
}

// How alike texts are, as a heat map: zoomed into as far as one pair, from as afar as there are texts.
import { useEffect, useMemo, useState } from "preact/hooks";
import {
  endsOf,
  levelFor,
  type Order,
  SIDE,
  type Stretch,
  stretchesIn,
  type Tile,
  type Tiles,
} from "../rows/tiles";
import { formatCount, formatValue } from "../text";
import type { MatrixShape, Measure, Named } from "../wire/vectors";
import { drawMatrix, markCells, NAME_PX } from "./heatmap";
import { exactly, NamedText } from "./named";
import { WaitStrip } from "./notices";
import { type Frame, Plane } from "./plane";
import { Segments } from "./segments";
import { clamp, type Point, revealing, type View, WHOLE } from "./viewport";

interface MatrixProps {
  label: string;
  shape: MatrixShape;
  measure: Measure;
  tiles: Tiles;
  /** Show what is nearest to a row. */
  onNear(text: Named): void;
}

/** Cells are no larger than this, and no smaller when zoomed in as far as it goes. */
const CELL_PX = 60;
const SIDE_PX = 460;

/** A place in the order of the rows and of the columns. */
interface Cell {
  row: number;
  column: number;
}

export function Matrix({ label, shape, measure, tiles, onNear }: MatrixProps) {
  const [order, setOrder] = useState<Order>("input");
  const [view, setView] = useState<View>(WHOLE);
  const [cell, setCell] = useState<Cell | null>(null);
  const [pinned, setPinned] = useState(false);
  const [drawn, draw] = useState(0);
  useEffect(() => {
    tiles.changed = () => draw((times) => times + 1);
    return () => tiles.dispose();
  }, [tiles]);
  const { rows, columns } = shape;
  const most = { x: mostOf(columns), y: mostOf(rows) };
  const frame = (width: number) => frameOf(shape, view.zoom, width);
  const [frameHeight, frameWidth] = [frame(900).height, frame(900).width];
  const seen = useMemo(() => {
    // First of all the whole from afar: something to see while what is asked for is on its way.
    const parts = [[fromAfar(rows), fromAfar(columns)]] as [Stretch, Stretch][];
    const down = stretchesIn(
      rows,
      levelFor(rows, view.zoom.y, frameHeight),
      view.y,
      view.y + 1 / view.zoom.y,
    );
    const across = stretchesIn(
      columns,
      levelFor(columns, view.zoom.x, frameWidth),
      view.x,
      view.x + 1 / view.zoom.x,
    );
    for (const one of down) for (const other of across) parts.push([one, other]);
    return parts;
  }, [rows, columns, view, frameHeight, frameWidth]);
  const here = tiles.want(order, seen);
  const [low, high] = scaleOf(shape, here, seen);
  const found = cell && pairAt(here, cell);
  const go = (next: Cell) => {
    const to = { row: clamp(next.row, 0, rows - 1), column: clamp(next.column, 0, columns - 1) };
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
    const at = cell ?? { row: 0, column: 0 };
    if (down || right) {
      // Where a cell is many pairs, on to the next cell.
      go({
        row: down > 0 && found ? found.rows[1] : at.row + down * (found ? found.rows[1] - found.rows[0] : 1),
        column:
          right > 0 && found
            ? found.columns[1]
            : at.column + right * (found ? found.columns[1] - found.columns[0] : 1),
      });
    } else if (key === "Enter" || key === " ") setPinned(!pinned && cell !== null);
    else if (key === "Escape" && cell) {
      setPinned(false);
      setCell(null);
    } else return false;
    return true;
  };
  const cellAt = ({ x, y }: Point) => ({ row: Math.floor(y * rows), column: Math.floor(x * columns) });
  return (
    <section class="nbt-matrix" aria-label={label}>
      <div class="nbt-tools">
        <Segments
          label="Order"
          options={[
            ["input", "Input order"],
            ["cluster", "By cluster"],
          ]}
          chosen={order}
          onChoose={(next) => {
            setOrder(next);
            setCell(null);
            setPinned(false);
          }}
        />
        <span class="nbt-ramp">
          <span>{MEASURES[measure]}</span>
          <span>{formatValue(low)}</span>
          <i aria-hidden="true" />
          <span>{formatValue(high)}</span>
        </span>
      </div>
      {tiles.problem && <WaitStrip message={tiles.problem} retry={() => retry(tiles)} />}
      <div class="nbt-looking">
        <Plane
          label={`${label}: arrow keys go from pair to pair, Enter keeps one, plus and minus zoom`}
          frame={frame}
          view={view}
          most={most}
          onView={setView}
          draw={(paper) => drawMatrix(paper, shape, here, low, high)}
          epoch={[drawn, order, low, high, here.length]}
          mark={(paper) => found && markCells(paper, shape, found.rows, found.columns)}
          onPoint={(at) => !pinned && setCell(at && cellAt(at))}
          onPress={(at) => {
            const next = cellAt(at);
            const same = pinned && cell?.row === next.row && cell.column === next.column;
            setCell(next);
            setPinned(!same && pairAt(here, next)?.row !== undefined);
          }}
          onKey={onKey}
        />
        <Readout found={found} pinned={pinned} shape={shape} waiting={tiles.waiting} onNear={onNear} />
      </div>
    </section>
  );
}

const MEASURES: Record<Measure, string> = {
  cosine: "Cosine",
  dot: "Dot product",
  euclidean: "Minus the distance",
  manhattan: "Minus the Manhattan distance",
};

const ARROWS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function mostOf(count: number): number {
  return Math.max(1, (count * CELL_PX) / SIDE_PX);
}

function fromAfar(count: number): Stretch {
  return stretchesIn(count, levelFor(count, 1, SIDE), 0, 1)[0] as Stretch;
}

function retry(tiles: Tiles): void {
  tiles.problem = null;
  tiles.changed();
}

function frameOf({ rows, columns, crosswise }: MatrixShape, zoom: Point, width: number): Frame {
  const framed = (left: number) => {
    const across = Math.min(width - left, columns * CELL_PX);
    const down = Math.min(SIDE_PX, rows * CELL_PX);
    // Against each other, each text stands on both sides: they are of one length.
    return crosswise ? { left, width: across, height: down } : squared(left, Math.min(across, down));
  };
  const named = framed(Math.min(180, width * 0.3));
  const frame = (named.height * zoom.y) / rows >= NAME_PX ? named : framed(0);
  return { ...frame, top: (frame.width * zoom.x) / columns >= NAME_PX ? 90 : 0 };
}

const squared = (left: number, side: number) => ({ left, width: side, height: side });

/** What the two ends of the colours stand for: of pairs, or of means, which lie closer together. */
function scaleOf(
  { low, high }: MatrixShape,
  here: readonly Tile[],
  seen: readonly unknown[],
): [number, number] {
  const exact = here.at(-1)?.rowNames.length;
  if (exact || here.length === 0) return [low, high];
  const [first] = here;
  return seen.length > 1 && first ? endsOf(first) : [low, high];
}

/** From one place in the order to before another. */
type Span = [number, number];

/** What is known of a cell. */
interface Found {
  value: number;
  rows: Span;
  columns: Span;
  row: Named | undefined;
  column: Named | undefined;
}

/** What the finest tile that is here says of a cell. */
function pairAt(here: readonly Tile[], { row, column }: Cell): Found | null {
  const tile = here.findLast(
    ({ rows, columns }) => row >= rows[0] && row < rows[1] && column >= columns[0] && column < columns[1],
  );
  if (!tile) return null;
  const [down, across] = [placeOf(tile.rowStarts, row), placeOf(tile.columnStarts, column)];
  return {
    value: tile.values[down * (tile.columnStarts.length - 1) + across] ?? Number.NaN,
    rows: [tile.rowStarts[down] ?? 0, tile.rowStarts[down + 1] ?? 0],
    columns: [tile.columnStarts[across] ?? 0, tile.columnStarts[across + 1] ?? 0],
    row: tile.rowNames[down],
    column: tile.columnNames[across],
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

interface ReadoutProps {
  found: Found | null;
  pinned: boolean;
  shape: MatrixShape;
  waiting: boolean;
  onNear(text: Named): void;
}

function Readout({ found, pinned, shape, waiting, onNear }: ReadoutProps) {
  if (!found) {
    return (
      <div class="nbt-readout nbt-muted">
        {waiting ? "Waiting for the kernel…" : "Point at a cell, or walk with the arrow keys."}
      </div>
    );
  }
  const { row, column, rows, columns, value } = found;
  return (
    <div class="nbt-readout" aria-live="polite">
      <span class="nbt-value-big">{exactly(value)}</span>
      {row && column ? (
        <div class={pinned ? "nbt-pair nbt-pair-whole" : "nbt-pair"}>
          <NamedText text={row} />
          <NamedText text={column} />
        </div>
      ) : (
        <span>
          {`the mean of ${formatCount((rows[1] - rows[0]) * (columns[1] - columns[0]))} pairs: zoom in to see them`}
        </span>
      )}
      {pinned && row && (
        <span class="nbt-tools">
          <button type="button" class="nbt-button nbt-button-outlined" onClick={() => onNear(row)}>
            Nearest to the first
          </button>
          {!shape.crosswise && column && (
            <button type="button" class="nbt-button nbt-button-outlined" onClick={() => onNear(column)}>
              Nearest to the second
            </button>
          )}
        </span>
      )}
    </div>
  );
}

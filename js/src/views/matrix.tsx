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
import { formatCount, formatValue, oneLine } from "../text";
import { directionOf } from "../tokens/direction";
import type { MatrixShape, Measure, Named } from "../wire/vectors";
import { WaitStrip } from "./notices";
import { type Frame, type Paper, Plane } from "./plane";
import { type Ramp, rampOf, stepOf } from "./ramp";
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
/** A name beside a row needs so much. */
const NAME_PX = 13;
const NUMBER_PX = 34;

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
  const most = Math.max(1, (Math.max(rows, columns) * CELL_PX) / SIDE_PX);
  const frame = (width: number) => frameOf(shape, view.zoom, width);
  const [frameHeight, frameWidth] = [frame(900).height, frame(900).width];
  const seen = useMemo(() => {
    // First of all the whole from afar: something to see while what is asked for is on its way.
    const parts = [[fromAfar(rows), fromAfar(columns)]] as [Stretch, Stretch][];
    const down = stretchesIn(rows, levelFor(rows, view.zoom, frameHeight), view.y, view.y + 1 / view.zoom);
    const across = stretchesIn(
      columns,
      levelFor(columns, view.zoom, frameWidth),
      view.x,
      view.x + 1 / view.zoom,
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
          mark={(paper) => cell && markCell(paper, shape, found, cell)}
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

function fromAfar(count: number): Stretch {
  return stretchesIn(count, levelFor(count, 1, SIDE), 0, 1)[0] as Stretch;
}

function retry(tiles: Tiles): void {
  tiles.problem = null;
  tiles.changed();
}

function frameOf({ rows, columns, crosswise }: MatrixShape, zoom: number, width: number): Frame {
  const framed = (left: number) => {
    const across = Math.min(width - left, columns * CELL_PX);
    const down = Math.min(SIDE_PX, rows * CELL_PX);
    // Against each other, each text stands on both sides: they are of one length.
    return crosswise ? { left, width: across, height: down } : squared(left, Math.min(across, down));
  };
  const named = framed(Math.min(180, width * 0.3));
  const frame = (named.height * zoom) / rows >= NAME_PX ? named : framed(0);
  return { ...frame, top: (frame.width * zoom) / columns >= NAME_PX ? 90 : 0 };
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

// --- drawing ---

function drawMatrix(
  paper: Paper,
  shape: MatrixShape,
  here: readonly Tile[],
  low: number,
  high: number,
): void {
  const { context, frame, x, y } = paper;
  const ramp = rampOf(paper.colour);
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  for (const tile of here) {
    const [left, right] = tile.columns.map((at) => x(at / shape.columns)) as [number, number];
    const [top, bottom] = tile.rows.map((at) => y(at / shape.rows)) as [number, number];
    const image = imageOf(tile, ramp, low, high);
    // Cells that are smaller than a pixel are mixed, any other has its edges.
    context.imageSmoothingEnabled = right - left < image.width;
    context.imageSmoothingQuality = "high";
    context.drawImage(image, left, top, right - left, bottom - top);
    if ((right - left) / image.width >= NUMBER_PX && (bottom - top) / image.height >= NAME_PX + 3) {
      writeNumbers(paper, shape, tile, ramp, low, high);
    }
  }
  context.restore();
  const finest = here.filter(({ rowNames }) => rowNames.length > 0);
  context.fillStyle = paper.colour("--nbt-fg") || "grey";
  context.textBaseline = "middle";
  if (frame.left > 0)
    for (const tile of new Set(finest)) writeNames(paper, tile.rowNames, tile.rows, shape.rows, false);
  if (frame.top > 0)
    for (const tile of finest) writeNames(paper, tile.columnNames, tile.columns, shape.columns, true);
}

const images = new WeakMap<Tile, { key: string; image: HTMLCanvasElement }>();

/** A tile as a picture of one pixel a cell. */
function imageOf(tile: Tile, { pixels }: Ramp, low: number, high: number): HTMLCanvasElement {
  const key = [low, high, pixels[0]].join();
  const known = images.get(tile);
  if (known?.key === key) return known.image;
  const image = document.createElement("canvas");
  image.width = tile.columnStarts.length - 1;
  image.height = tile.rowStarts.length - 1;
  const data = new ImageData(image.width, image.height);
  const cells = new Uint32Array(data.data.buffer);
  tile.values.forEach((value, at) => {
    if (!Number.isNaN(value)) cells[at] = pixels[stepOf(value, low, high)] ?? 0;
  });
  image.getContext("2d")?.putImageData(data, 0, 0);
  images.set(tile, { key, image });
  return image;
}

function writeNumbers(
  { context, x, y, frame }: Paper,
  shape: MatrixShape,
  tile: Tile,
  ramp: Ramp,
  low: number,
  high: number,
) {
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.direction = "ltr";
  tile.values.forEach((value, at) => {
    const width = tile.columnStarts.length - 1;
    const left = x((tile.columns[0] + (at % width) + 0.5) / shape.columns);
    const top = y((tile.rows[0] + Math.floor(at / width) + 0.5) / shape.rows);
    const inSight =
      left > frame.left &&
      left < frame.left + frame.width &&
      top > frame.top &&
      top < frame.top + frame.height;
    if (Number.isNaN(value) || !inSight) return;
    context.fillStyle = ramp.ink[stepOf(value, low, high)] ?? "#111";
    context.fillText(exactly(value, 2), left, top);
  });
}

function writeNames(
  paper: Paper,
  names: readonly Named[],
  [start]: Stretch,
  count: number,
  across: boolean,
): void {
  const { context, frame, x, y } = paper;
  const [from, length] = across ? [frame.left, frame.width] : [frame.top, frame.height];
  names.forEach(({ text, index }, at) => {
    const middle = (across ? x : y)((start + at + 0.5) / count);
    if (middle < from || middle > from + length) return;
    const line = oneLine(text).trim() || index;
    context.save();
    context.direction = directionOf(line);
    if (across) {
      context.translate(middle, frame.top - 6);
      context.rotate(-Math.PI / 2);
      context.textAlign = "left";
      context.fillText(fitted(context, line, frame.top - 10), 0, 0);
    } else {
      context.textAlign = "right";
      context.fillText(fitted(context, line, frame.left - 12), frame.left - 8, middle);
    }
    context.restore();
  });
}

/** As much of a line as there is room for. */
function fitted(context: CanvasRenderingContext2D, line: string, room: number): string {
  if (context.measureText(line).width <= room) return line;
  let [low, high] = [0, Math.min(line.length, 80)];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (context.measureText(`${line.slice(0, middle)}…`).width <= room) low = middle;
    else high = middle;
  }
  // Not half of a character.
  return `${line.slice(0, low).replace(/[\ud800-\udbff]$/, "")}…`;
}

function markCell(
  { context, x, y, colour }: Paper,
  shape: MatrixShape,
  found: Found | null,
  cell: Cell,
): void {
  const [top, bottom] = found?.rows ?? [cell.row, cell.row + 1];
  const [left, right] = found?.columns ?? [cell.column, cell.column + 1];
  const [x0, y0] = [x(left / shape.columns), y(top / shape.rows)];
  context.lineWidth = 2;
  context.strokeStyle = colour("--nbt-mark");
  context.strokeRect(
    x0 - 1,
    y0 - 1,
    Math.max(3, x(right / shape.columns) - x0) + 2,
    Math.max(3, y(bottom / shape.rows) - y0) + 2,
  );
}

// --- words ---

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

export function NamedText({ text: { index, text } }: { text: Named }) {
  return (
    <p>
      <bdi class="nbt-number">{index}</bdi>
      <span dir="auto">{text === "" ? <span class="nbt-muted">no text</span> : text}</span>
    </p>
  );
}

/** A similarity with all the figures that it can be compared by. */
export function exactly(value: number, figures = 4): string {
  return Number.isNaN(value) ? "–" : value.toFixed(figures).replace("-", "−");
}

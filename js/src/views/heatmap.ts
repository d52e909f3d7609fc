// The picture of a matrix: its cells by colour, with their numbers and the names of its sides where there is room.
import type { Tile } from "../rows/tiles";
import { formatPlace, oneLine } from "../text";
import { directionOf } from "../tokens/direction";
import { fittedLine } from "./labels";
import { exactly } from "./named";
import type { Pen } from "./pen";
import type { Paper } from "./plane";
import { type Ramp, rampOf, stepAt } from "./ramp";

/** A name beside a row needs so much. */
export const NAME_PX = 13;
/** A number in a cell needs so much. */
const NUMBER_PX = 34;

/** How values become colours. */
export interface Paint {
  /** Tells paints apart. */
  key: string;
  /** The custom properties of its stops are `--nbt-RAMP-0` and so on. */
  ramp: string;
  /** From 0 to 1, of a value in a row of cells of a tile. */
  share(value: number, tile: Tile, row: number): number;
}

/** Sides whose places are numbers, and are counted off: that of the first row, and of the first column. */
export interface Counted {
  row: number;
  column: number;
}

/** A matrix of so many rows and columns, and what is here of it. */
export interface Picture {
  rows: number;
  columns: number;
  here: readonly Tile[];
  paint: Paint;
  /** What a place of a side is called, where that is known. */
  rowName?(at: number): string | undefined;
  columnName?(at: number): string | undefined;
  counted?: Counted | undefined;
  /** What is written on a cell that has room for it; two decimals, unless it says otherwise. */
  figure?: ((value: number) => string) | undefined;
  /** Changes with the names. */
  epoch?: unknown;
}

export function drawMatrix(paper: Paper<Pen>, picture: Picture): void {
  const { context, frame, x, y } = paper;
  const { rows, columns, here, paint } = picture;
  const ramp = rampOf(paper.colour, paint.ramp);
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  // What shows where a cell has no number.
  context.globalAlpha = 0.12;
  context.fillStyle = paper.colour("--nbt-none") || "grey";
  context.fill();
  context.globalAlpha = 1;
  for (const tile of here) {
    const [left, right] = [x(tile.columns[0] / columns), x(tile.columns[1] / columns)];
    const [top, bottom] = [y(tile.rows[0] / rows), y(tile.rows[1] / rows)];
    const image = imageOf(tile, ramp, paint);
    // Cells that are smaller than a pixel are mixed, any other has its edges.
    context.imageSmoothingEnabled = right - left < image.width;
    context.imageSmoothingQuality = "high";
    context.drawImage(image, left, top, right - left, bottom - top);
    if ((right - left) / image.width >= NUMBER_PX && (bottom - top) / image.height >= NAME_PX + 3) {
      writeNumbers(paper, picture, tile, ramp);
    }
  }
  context.restore();
  context.fillStyle = paper.colour("--nbt-fg") || "grey";
  context.textBaseline = "middle";
  const { rowName, columnName, counted } = picture;
  if (counted) {
    countOff(paper, counted.row, rows, false);
    countOff(paper, counted.column, columns, true);
    return;
  }
  if (frame.left > 0 && rowName) writeNames(paper, rowName, rows, false);
  if (frame.top > 0 && columnName) writeNames(paper, columnName, columns, true);
}

const images = new WeakMap<Tile, { key: string; image: HTMLCanvasElement }>();

/** A tile as a picture of one pixel a cell. */
function imageOf(tile: Tile, { pixels }: Ramp, paint: Paint): HTMLCanvasElement {
  const key = `${paint.key} ${pixels[0]} ${pixels.at(-1)}`;
  const known = images.get(tile);
  if (known?.key === key) return known.image;
  const image = known?.image ?? document.createElement("canvas");
  const width = tile.columnStarts.length - 1;
  image.width = width;
  image.height = tile.rowStarts.length - 1;
  const data = new ImageData(image.width, image.height);
  const cells = new Uint32Array(data.data.buffer);
  tile.values.forEach((value, at) => {
    if (!Number.isNaN(value))
      cells[at] = pixels[stepAt(paint.share(value, tile, Math.floor(at / width)))] ?? 0;
  });
  image.getContext("2d")?.putImageData(data, 0, 0);
  images.set(tile, { key, image });
  return image;
}

function writeNumbers({ context, x, y, frame }: Paper<Pen>, picture: Picture, tile: Tile, ramp: Ramp) {
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.direction = "ltr";
  const width = tile.columnStarts.length - 1;
  const figure = picture.figure ?? ((value) => exactly(value, 2));
  const room = (x(1) - x(0)) / picture.columns;
  tile.values.forEach((value, at) => {
    const row = Math.floor(at / width);
    const left = x((tile.columns[0] + (at % width) + 0.5) / picture.columns);
    const top = y((tile.rows[0] + row + 0.5) / picture.rows);
    const inSight =
      left > frame.left &&
      left < frame.left + frame.width &&
      top > frame.top &&
      top < frame.top + frame.height;
    if (Number.isNaN(value) || !inSight) return;
    context.fillStyle = ramp.ink[stepAt(picture.paint.share(value, tile, row))] ?? "#111";
    const text = figure(value);
    if (context.measureText(text).width < room) context.fillText(text, left, top);
  });
}

/** The names of the places in sight, where each has its room. */
function writeNames(
  paper: Paper<Pen>,
  name: (at: number) => string | undefined,
  count: number,
  across: boolean,
): void {
  const { context, frame } = paper;
  const [from, length] = across ? [frame.left, frame.width] : [frame.top, frame.height];
  const place = across ? paper.x : paper.y;
  const [begin, each] = [place(0), (place(1) - place(0)) / count];
  const first = Math.max(0, Math.ceil((from - begin) / each - 0.5));
  for (let at = first; at < count && place((at + 0.5) / count) <= from + length; at++) {
    const middle = place((at + 0.5) / count);
    const line = oneLine(name(at) ?? "").trim();
    context.save();
    context.direction = directionOf(line);
    if (across) {
      context.translate(middle, frame.top - 6);
      context.rotate(-Math.PI / 2);
      context.textAlign = "left";
      context.fillText(fittedLine(context, line, frame.top - 10), 0, 0);
    } else {
      context.textAlign = "right";
      context.fillText(fittedLine(context, line, frame.left - 12), frame.left - 8, middle);
    }
    context.restore();
  }
}

const TICK_PX = 4;

/** Numbers at round steps, as many as there is room for. */
function countOff(paper: Paper<Pen>, first: number, count: number, across: boolean): void {
  const { context, frame } = paper;
  const [from, length] = across ? [frame.left, frame.width] : [frame.top, frame.height];
  const place = across ? paper.x : paper.y;
  const each = (place(1) - place(0)) / count;
  const widths = [first, first + count - 1].map((end) => context.measureText(formatPlace(end)).width);
  const step = roundStep((across ? Math.max(...widths) + 14 : NAME_PX + 5) / each);
  context.direction = "ltr";
  context.textAlign = across ? "center" : "right";
  context.strokeStyle = context.fillStyle;
  context.lineWidth = 1;
  for (let number = Math.ceil(first / step) * step; number < first + count; number += step) {
    const middle = place((number - first + 0.5) / count);
    if (middle < from || middle > from + length) continue;
    context.beginPath();
    if (across) {
      // The last may be wider than what is left.
      const inside = Math.min(middle, from + length - context.measureText(formatPlace(number)).width / 2);
      context.fillText(formatPlace(number), inside, frame.top - TICK_PX - 8);
      context.moveTo(middle, frame.top);
      context.lineTo(middle, frame.top - TICK_PX);
    } else {
      context.fillText(formatPlace(number), frame.left - TICK_PX - 3, middle);
      context.moveTo(frame.left, middle);
      context.lineTo(frame.left - TICK_PX, middle);
    }
    context.stroke();
  }
}

/** The least of 1, 2, 5, 10, 20, … that is no less. */
export function roundStep(least: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(least)));
  return power * ([1, 2, 5].find((one) => one * power >= least) ?? 10);
}

/** Outlines whole rows, as far as they are in sight. */
export function markRows(
  { context, frame, y, colour }: Paper<Pen>,
  picture: Picture,
  rows: readonly number[],
): void {
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  context.lineWidth = 2;
  context.strokeStyle = colour("--nbt-mark");
  for (const row of rows) {
    const [top, bottom] = [y(row / picture.rows), y((row + 1) / picture.rows)];
    context.strokeRect(frame.left, top - 1, frame.width, Math.max(2, bottom - top) + 2);
  }
  context.restore();
}

/** Some cells that lie together, as the places of their first and behind their last. */
export function markCells(
  { context, x, y, colour }: Paper<Pen>,
  picture: Picture,
  { rows, columns }: { rows: readonly [number, number]; columns: readonly [number, number] },
): void {
  const [top, bottom] = [y(rows[0] / picture.rows), y(rows[1] / picture.rows)];
  const [left, right] = [x(columns[0] / picture.columns), x(columns[1] / picture.columns)];
  context.lineWidth = 2;
  context.strokeStyle = colour("--nbt-mark");
  context.strokeRect(left - 1, top - 1, Math.max(3, right - left) + 2, Math.max(3, bottom - top) + 2);
}

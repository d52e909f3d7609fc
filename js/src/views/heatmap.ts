// The picture of a matrix: its cells by colour, with their numbers and the names of the texts where there is room.
import type { Stretch, Tile } from "../rows/tiles";
import { oneLine } from "../text";
import { directionOf } from "../tokens/direction";
import type { MatrixShape, Named } from "../wire/vectors";
import { fittedLine } from "./labels";
import { exactly } from "./named";
import type { Paper } from "./plane";
import { type Ramp, rampOf, stepOf } from "./ramp";

/** A name beside a row needs so much. */
export const NAME_PX = 13;
/** A number in a cell needs so much. */
const NUMBER_PX = 34;

export function drawMatrix(
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
  // What shows where a cell has no number.
  context.globalAlpha = 0.12;
  context.fillStyle = paper.colour("--nbt-none") || "grey";
  context.fill();
  context.globalAlpha = 1;
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
      context.fillText(fittedLine(context, line, frame.top - 10), 0, 0);
    } else {
      context.textAlign = "right";
      context.fillText(fittedLine(context, line, frame.left - 12), frame.left - 8, middle);
    }
    context.restore();
  });
}

/** Some cells that lie together, as the places of their first and behind their last. */
export function markCells(
  { context, x, y, colour }: Paper,
  shape: MatrixShape,
  rows: readonly number[],
  columns: readonly number[],
): void {
  const [top, bottom] = rows.map((at) => y(at / shape.rows)) as [number, number];
  const [left, right] = columns.map((at) => x(at / shape.columns)) as [number, number];
  context.lineWidth = 2;
  context.strokeStyle = colour("--nbt-mark");
  context.strokeRect(left - 1, top - 1, Math.max(3, right - left) + 2, Math.max(3, bottom - top) + 2);
}

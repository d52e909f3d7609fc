// Many points on a canvas: as discs where they are few, as pixels of one image where a disc each would be too slow.
import { parseColour } from "../colour";
import type { Paper } from "./plane";

/** Up to so many are drawn one by one. */
const FEW = 3_000;

/** Points are smaller the more there are. */
export function radiusFor(count: number, zoom: number): number {
  const radius = count < 100 ? 6 : count < 1_000 ? 4 : count < 10_000 ? 2.5 : 1.2;
  return radius * Math.min(2.5, zoom ** 0.3);
}

/** Fit points (x and y in turn) into the unit square as a frame of these proportions sees it, with a margin. */
export function fitted(points: Float32Array, aspect: number): Float32Array {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let at = 0; at < points.length; at += 2) {
    const [x, y] = [points[at] as number, points[at + 1] as number];
    if (Number.isNaN(x)) continue;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const scale = 0.92 / Math.max((right - left) / aspect, bottom - top, 1e-9);
  const placed = new Float32Array(points.length);
  for (let at = 0; at < points.length; at += 2) {
    placed[at] = 0.5 + (((points[at] as number) - (left + right) / 2) * scale) / aspect;
    // Up is up.
    placed[at + 1] = 0.5 - ((points[at + 1] as number) - (top + bottom) / 2) * scale;
  }
  return placed;
}

/** Points of one kind: which, of what colour, how large, and how little of the page shows through. */
export interface Layer {
  has(at: number): boolean;
  /** The number of a colour among `inks`. */
  ink(at: number): number;
  radius: number;
  alpha: number;
}

export function drawPoints(
  paper: Paper,
  points: Float32Array,
  layers: readonly Layer[],
  inks: readonly string[],
): void {
  if (points.length / 2 <= FEW) for (const layer of layers) drawDiscs(paper, points, layer, inks);
  else drawPixels(paper, points, layers, inks);
}

function drawDiscs(
  { context, x, y }: Paper,
  points: Float32Array,
  { has, ink, radius, alpha }: Layer,
  inks: readonly string[],
): void {
  context.globalAlpha = alpha;
  for (let at = 0; 2 * at < points.length; at++) {
    if (Number.isNaN(points[2 * at]) || !has(at)) continue;
    context.beginPath();
    context.arc(x(points[2 * at] as number), y(points[2 * at + 1] as number), radius, 0, 7);
    context.fillStyle = inks[ink(at)] ?? "";
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawPixels(
  { context, x, y, ratio }: Paper,
  points: Float32Array,
  layers: readonly Layer[],
  inks: readonly string[],
): void {
  const { width, height } = context.canvas;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const [x0, y0] = [x(0) * ratio, y(0) * ratio];
  const [xs, ys] = [x(1) * ratio - x0, y(1) * ratio - y0];
  for (const { has, ink, radius, alpha } of layers) {
    const reach = Math.max(1, Math.round(radius * ratio));
    const disc = discOf(reach, width);
    const colours = inks.map((name) => pixelOf(name, alpha));
    for (let at = 0; 2 * at < points.length; at++) {
      const column = Math.round(x0 + xs * (points[2 * at] as number));
      const row = Math.round(y0 + ys * (points[2 * at + 1] as number));
      // What is not a number is in no range either.
      if (!(column >= reach && row >= reach && column < width - reach && row < height - reach) || !has(at))
        continue;
      const [middle, colour] = [row * width + column, colours[ink(at)] as number];
      for (let part = 0; part < disc.length; part++) pixels[middle + (disc[part] as number)] = colour;
    }
  }
  context.putImageData(image, 0, 0);
}

/** How far the pixels of a disc lie from its middle, in memory. */
function discOf(reach: number, width: number): Int32Array {
  const found: number[] = [];
  for (let down = -reach; down <= reach; down++) {
    for (let right = -reach; right <= reach; right++) {
      if (down * down + right * right <= reach * (reach + 0.5)) found.push(down * width + right);
    }
  }
  return Int32Array.from(found);
}

/** A colour as one pixel in the order of memory. */
function pixelOf(name: string, alpha: number): number {
  const [red, green, blue] = parseColour(name) ?? [128, 128, 128];
  return ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

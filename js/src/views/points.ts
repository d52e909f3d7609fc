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

/** One kind of point: which, in which colour, how large, and how much of the page shows through. */
export interface Layer {
  has(at: number): boolean;
  colour(at: number): string;
  radius: number;
  alpha: number;
}

export function drawPoints(paper: Paper, points: Float32Array, layers: readonly Layer[]): void {
  if (points.length / 2 <= FEW) for (const layer of layers) drawDiscs(paper, points, layer);
  else drawPixels(paper, points, layers);
}

function drawDiscs({ context, x, y, frame }: Paper, points: Float32Array, layer: Layer): void {
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  context.globalAlpha = layer.alpha;
  for (let at = 0; 2 * at < points.length; at++) {
    if (!layer.has(at) || Number.isNaN(points[2 * at])) continue;
    context.beginPath();
    context.arc(x(points[2 * at] as number), y(points[2 * at + 1] as number), layer.radius, 0, 7);
    context.fillStyle = layer.colour(at);
    context.fill();
  }
  context.restore();
}

function drawPixels(
  { context, x, y, ratio, frame }: Paper,
  points: Float32Array,
  layers: readonly Layer[],
): void {
  const { width, height } = context.canvas;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const inks = new Map<string, number>();
  const [x0, y0] = [x(0) * ratio, y(0) * ratio];
  const [xs, ys] = [x(1) * ratio - x0, y(1) * ratio - y0];
  for (const { has, colour, radius, alpha } of layers) {
    const reach = Math.max(1, Math.round(radius * ratio));
    for (let at = 0; 2 * at < points.length; at++) {
      const [column, row] = [
        Math.round(x0 + xs * (points[2 * at] as number)),
        Math.round(y0 + ys * (points[2 * at + 1] as number)),
      ];
      // Not a number is in no range either.
      if (!(column >= reach && row >= reach && column < width - reach && row < height - reach) || !has(at))
        continue;
      const name = colour(at);
      let ink = inks.get(name + alpha);
      if (ink === undefined) {
        ink = inkOf(name, alpha);
        inks.set(name + alpha, ink);
      }
      for (let down = -reach; down <= reach; down++) {
        const half = Math.round(Math.sqrt(reach * reach - down * down) * 0.9);
        const start = (row + down) * width + column;
        pixels.fill(ink, start - half, start + half + 1);
      }
    }
  }
  context.putImageData(
    image,
    0,
    0,
    frame.left * ratio,
    frame.top * ratio,
    frame.width * ratio,
    frame.height * ratio,
  );
}

/** A colour as one pixel in the order of memory. */
function inkOf(name: string, alpha: number): number {
  const [red, green, blue] = parseColour(name) ?? [128, 128, 128, 1];
  return ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

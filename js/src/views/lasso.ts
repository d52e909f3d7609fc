// Which points lie within a line that was drawn around them, and which one is near a place.
import type { Point } from "./viewport";

/** The corners of a box from two that face each other. */
export function boxOf(a: Point, b: Point): Point[] {
  return [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];
}

/** The numbers of the points (x and y in turn) within a closed line; where it crosses itself, every other part is. */
export function within(points: Float32Array, line: readonly Point[]): number[] {
  const xs = line.map(({ x }) => x);
  const ys = line.map(({ y }) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const found: number[] = [];
  for (let at = 0; 2 * at < points.length; at++) {
    const x = points[2 * at] as number;
    const y = points[2 * at + 1] as number;
    if (x >= left && x <= right && y >= top && y <= bottom && encloses(xs, ys, x, y)) found.push(at);
  }
  return found;
}

function encloses(xs: readonly number[], ys: readonly number[], x: number, y: number): boolean {
  let inside = false;
  for (let at = 0, before = xs.length - 1; at < xs.length; before = at++) {
    const [ax, ay, bx, by] = [xs[at], ys[at], xs[before], ys[before]] as [number, number, number, number];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/**
 * The number of the nearest point, -1 for none. `cost` says how far a point is that lies so far to the right and
 * below; infinity leaves it out.
 */
export function nearestPoint(
  points: Float32Array,
  { x, y }: Point,
  cost: (dx: number, dy: number) => number,
): number {
  let nearest = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; 2 * at < points.length; at++) {
    const distance = cost((points[2 * at] as number) - x, (points[2 * at + 1] as number) - y);
    if (distance < least) {
      least = distance;
      nearest = at;
    }
  }
  return nearest;
}

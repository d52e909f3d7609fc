// Which part of a plane is in sight. The plane is the unit square; so is the frame that shows it.

export interface Point {
  x: number;
  y: number;
}

/** `x` and `y` are the left and upper end of what is in sight; of each side 1 / `zoom` is. */
export interface View extends Point {
  zoom: Point;
}

export const WHOLE: View = { zoom: { x: 1, y: 1 }, x: 0, y: 0 };

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** A place in the frame, as a place on the plane. */
export function onPlane({ zoom, x, y }: View, at: Point): Point {
  return { x: x + at.x / zoom.x, y: y + at.y / zoom.y };
}

/** Nearer or farther by a factor, each side as far as it goes; what is at a place of the frame stays there. */
export function zoomed(view: View, factor: number, at: Point, most: Point): View {
  const zoom = {
    x: clamp(view.zoom.x * factor, 1, most.x),
    y: clamp(view.zoom.y * factor, 1, most.y),
  };
  const { x, y } = onPlane(view, at);
  return bounded({ zoom, x: x - at.x / zoom.x, y: y - at.y / zoom.y });
}

/** Moved by parts of the frame. */
export function moved({ zoom, x, y }: View, by: Point): View {
  return bounded({ zoom, x: x + by.x / zoom.x, y: y + by.y / zoom.y });
}

/** Moved no further than needed to have a part of the plane in sight. */
export function revealing({ zoom, x, y }: View, low: Point, high: Point): View {
  const along = (at: number, from: number, to: number, seen: number) =>
    Math.max(Math.min(at, from), to - seen);
  return bounded({
    zoom,
    x: along(x, low.x, high.x, 1 / zoom.x),
    y: along(y, low.y, high.y, 1 / zoom.y),
  });
}

function bounded({ zoom, x, y }: View): View {
  return { zoom, x: clamp(x, 0, 1 - 1 / zoom.x), y: clamp(y, 0, 1 - 1 / zoom.y) };
}

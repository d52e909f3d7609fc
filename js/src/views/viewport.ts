// Which part of a plane is in sight. The plane is the unit square; so is the frame that shows it.

export interface Point {
  x: number;
  y: number;
}

/** `x` and `y` are the left and upper end of what is in sight, 1 / `zoom` of the plane wide and high. */
export interface View extends Point {
  zoom: number;
}

export const WHOLE: View = { zoom: 1, x: 0, y: 0 };

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** A place in the frame, as a place on the plane. */
export function onPlane({ zoom, x, y }: View, at: Point): Point {
  return { x: x + at.x / zoom, y: y + at.y / zoom };
}

/** Nearer or farther by a factor; what is at a place of the frame stays there. */
export function zoomed(view: View, factor: number, at: Point, most: number): View {
  const zoom = clamp(view.zoom * factor, 1, most);
  const { x, y } = onPlane(view, at);
  return bounded({ zoom, x: x - at.x / zoom, y: y - at.y / zoom });
}

/** Moved by parts of the frame. */
export function moved({ zoom, x, y }: View, by: Point): View {
  return bounded({ zoom, x: x + by.x / zoom, y: y + by.y / zoom });
}

/** Moved no further than needed to have a part of the plane in sight. */
export function revealing(view: View, low: Point, high: Point): View {
  const seen = 1 / view.zoom;
  const along = (at: number, from: number, to: number) => Math.max(Math.min(at, from), to - seen);
  return bounded({
    zoom: view.zoom,
    x: along(view.x, low.x, high.x),
    y: along(view.y, low.y, high.y),
  });
}

function bounded({ zoom, x, y }: View): View {
  const room = 1 - 1 / zoom;
  return { zoom, x: clamp(x, 0, room), y: clamp(y, 0, room) };
}

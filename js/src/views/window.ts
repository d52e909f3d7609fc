// Which rows of a long table are in sight. Only those, and a few around them, are in the page.

/** No browser makes an element taller than some 17 million pixels; stay well below. */
export const TALLEST_PX = 8_000_000;
const AROUND = 6;

export interface Window {
  /** Rows [start, stop) are drawn. */
  start: number;
  stop: number;
  /** Height of all rows together, as far as a browser can go. */
  height: number;
}

export interface Geometry {
  total: number;
  rowHeight: number;
  /** Height of the part of the viewport that shows rows. */
  viewport: number;
}

/**
 * When all rows fit below TALLEST_PX, a row stands where arithmetic puts it. Otherwise the scroll bar's
 * share of its way is the share of the rows gone by, and rows are placed around the viewport's top.
 */
export function windowAt(scrollTop: number, geometry: Geometry): Window {
  const { total, rowHeight, viewport } = geometry;
  const height = Math.min(total * rowHeight, TALLEST_PX);
  const first = firstRow(scrollTop, geometry);
  const start = Math.max(0, Math.floor(first) - AROUND);
  const stop = Math.min(total, Math.ceil(first + viewport / rowHeight) + AROUND);
  return { start, stop, height };
}

/** The distance of a row's top from the first row's. */
export function rowTop(at: number, scrollTop: number, geometry: Geometry): number {
  if (!isScaled(geometry)) return at * geometry.rowHeight;
  return scrollTop + (at - firstRow(scrollTop, geometry)) * geometry.rowHeight;
}

/** Where to scroll so that the row is in sight: no further than needed. */
export function scrollTopFor(at: number, scrollTop: number, geometry: Geometry): number {
  const { total, rowHeight, viewport } = geometry;
  const visible = viewport / rowHeight;
  const first = firstRow(scrollTop, geometry);
  const target = at < first ? at : at + 1 > first + visible ? at + 1 - visible : first;
  if (target === first) return scrollTop;
  if (!isScaled(geometry)) return target * rowHeight;
  return (target / (total - visible)) * (TALLEST_PX - viewport);
}

function firstRow(scrollTop: number, geometry: Geometry): number {
  const { total, rowHeight, viewport } = geometry;
  if (!isScaled(geometry)) return scrollTop / rowHeight;
  return (scrollTop / (TALLEST_PX - viewport)) * (total - viewport / rowHeight);
}

function isScaled({ total, rowHeight }: Geometry): boolean {
  return total * rowHeight > TALLEST_PX;
}

// A scrolling viewport that draws only the rows in sight: the DOM's side of window.ts.
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Geometry, rowTop, scrollTopFor, windowAt } from "./window";

/** Before the browser has measured anything. */
const GUESS_PX = 420;
/** Narrower than this, a row is two lines, unless a table says otherwise. */
const NARROW_PX = 480;
const ROW_PX = 34;
const TALL_ROW_PX = 58;

export interface Virtual {
  viewport: RefObject<HTMLDivElement | null>;
  /** Another one whenever it was measured. */
  size: Size;
  narrow: boolean;
  rowHeight: number;
  start: number;
  stop: number;
  height: number;
  /** Whole rows that the viewport shows. */
  pageSize: number;
  top(at: number): number;
  /** Scroll no further than needed; whether it could: what is hidden does not scroll. */
  reveal(at: number): boolean;
  toTop(): void;
  onScroll(): void;
}

export function useVirtual(total: number, headHeight: number, narrowBelow = NARROW_PX): Virtual {
  const viewport = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [size, setSize] = useState({ width: 1000, height: GUESS_PX });
  useMeasured(viewport, setSize);
  const narrow = size.width <= narrowBelow;
  const rowHeight = narrow ? TALL_ROW_PX : ROW_PX;
  const geometry: Geometry = { total, rowHeight, viewport: Math.max(rowHeight, size.height - headHeight) };
  const scrollTo = (top: number) => {
    if (viewport.current) viewport.current.scrollTop = top;
    setScrollTop(viewport.current?.scrollTop ?? top);
  };
  return {
    viewport,
    size,
    narrow,
    rowHeight,
    ...windowAt(scrollTop, geometry),
    pageSize: Math.max(1, Math.floor(geometry.viewport / rowHeight)),
    top: (at) => rowTop(at, scrollTop, geometry),
    reveal: (at) => {
      const target = scrollTopFor(at, scrollTop, geometry);
      if (target !== scrollTop) scrollTo(target);
      return (viewport.current?.clientHeight ?? 0) > 0;
    },
    toTop: () => scrollTo(0),
    onScroll: () => setScrollTop(viewport.current?.scrollTop ?? 0),
  };
}

type Size = { width: number; height: number };

export function useMeasured(target: RefObject<HTMLDivElement | null>, tell: (size: Size) => void): void {
  useLayoutEffect(() => {
    const element = target.current;
    if (!element) return;
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = element;
      // Zero: not laid out yet, in a hidden tab for instance.
      if (width > 0 && height > 0) tell({ width, height });
    };
    measure();
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
}

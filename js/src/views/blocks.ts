// A scrolling viewport of blocks whose heights are known only once they are drawn: the DOM's side of heights.ts.
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Heights } from "./heights";
import { useMeasured } from "./virtual";

const GUESS_PX = 420;
/** About the height of a block, before one is measured. */
const BLOCK_PX = 360;

export interface Blocks {
  viewport: RefObject<HTMLDivElement | null>;
  /** The blocks first to last are drawn, with so much room before and after them. */
  first: number;
  last: number;
  before: number;
  after: number;
  onScroll(): void;
  /** Put a block at the top of the viewport. */
  toBlock(block: number): void;
  /** Scroll no further than needed to have an element in sight. */
  reveal(element: Element): void;
}

/** Drawn blocks must be children of the viewport's content with `data-block`. */
export function useBlocks(count: number): Blocks {
  const viewport = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [size, setSize] = useState({ width: 0, height: GUESS_PX });
  const [, draw] = useState(0);
  const heights = useRef<Heights | null>(null);
  const width = useRef(0);
  useMeasured(viewport, setSize);
  if (heights.current?.count !== count || width.current !== size.width) {
    heights.current = new Heights(count, BLOCK_PX);
    width.current = size.width;
  }
  const known = heights.current;
  const first = Math.max(0, known.at(scrollTop) - 1);
  const last = Math.min(count - 1, known.at(scrollTop + size.height) + 1);

  useLayoutEffect(() => {
    const element = viewport.current;
    if (!element || count < 2) return;
    const anchor = known.at(element.scrollTop);
    let [above, sum, measured, changed] = [0, 0, 0, false];
    for (const block of element.querySelectorAll<HTMLElement>("[data-block]")) {
      const { height } = block.getBoundingClientRect();
      if (height === 0) continue;
      const number = Number(block.dataset.block);
      const more = known.set(number, height);
      sum += height;
      measured += 1;
      if (more !== 0) changed = true;
      if (number < anchor) above += more;
    }
    if (!changed) return;
    if (element.scrollTop === 0) known.guess(sum / measured);
    if (above !== 0) element.scrollTop += above;
    setScrollTop(element.scrollTop);
    draw((times) => times + 1);
  });

  const scrollTo = (top: number) => {
    if (viewport.current) viewport.current.scrollTop = top;
    setScrollTop(viewport.current?.scrollTop ?? 0);
  };
  return {
    viewport,
    first,
    last,
    before: known.top(first),
    after: known.total - known.top(last + 1),
    onScroll: () => setScrollTop(viewport.current?.scrollTop ?? 0),
    toBlock: (block) => scrollTo(known.top(block)),
    reveal: (element) => {
      const frame = viewport.current?.getBoundingClientRect();
      if (!frame || !viewport.current) return;
      const { top, bottom } = element.getBoundingClientRect();
      if (top < frame.top + EDGE_PX) scrollTo(viewport.current.scrollTop + top - frame.top - EDGE_PX);
      else if (bottom > frame.bottom - EDGE_PX)
        scrollTo(viewport.current.scrollTop + bottom - frame.bottom + EDGE_PX);
    },
  };
}

const EDGE_PX = 6;

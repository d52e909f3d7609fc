// A column of tokens that scrolls, is pointed at, and is walked through by keys.
import type { RefObject } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { directionOf } from "../tokens/direction";
import { visible } from "../tokens/marks";
import { nameOf, type Place, type Side, textOf } from "./edges";
import { PLACE_PX } from "./linedrawing";

export interface Column {
  viewport: RefObject<HTMLDivElement | null>;
  /** Pixels that are scrolled away above. */
  top: number;
  /** The places in sight: from the first to before the last. */
  sight: readonly [first: number, last: number];
  onScroll(): void;
  scrollTo(top: number): void;
  /** Scroll no further than needed. */
  reveal(place: number): void;
}

/** A column of so many places, of which so many pixels are in sight. */
export function useColumn(count: number, height: number): Column {
  const viewport = useRef<HTMLDivElement>(null);
  const [scrolled, setScrolled] = useState(0);
  const top = Math.max(0, Math.min(scrolled, count * PLACE_PX - height));
  const scrollTo = (next: number) => {
    if (viewport.current) viewport.current.scrollTop = next;
    setScrolled(next);
  };
  return {
    viewport,
    top,
    sight: [Math.floor(top / PLACE_PX), Math.min(count, Math.ceil((top + height) / PLACE_PX))],
    onScroll: () => setScrolled(viewport.current?.scrollTop ?? 0),
    scrollTo,
    reveal: (place) => {
      const at = place * PLACE_PX;
      if (at < top) scrollTo(at);
      else if (at + PLACE_PX > top + height) scrollTo(at + PLACE_PX - height);
    },
  };
}

/** How strongly a token is marked, from 0 to 1, and in which colour. */
export interface Mark {
  strength: number;
  colour: string;
}

interface TokenColumnProps {
  label: string;
  name: string;
  side: Side;
  places: readonly Place[];
  column: Column;
  height: number;
  /** The place that is pointed at, and the one that is kept; -1 for none. */
  at: number;
  kept: number;
  marks: ReadonlyMap<number, Mark>;
  onScroll(): void;
  /** Null when the pointer has left. */
  onPoint(place: number | null): void;
  /** By keys. */
  onWalk(place: number): void;
  onKeep(place: number): void;
  /** A key that leads out of the column; whether it was of use. */
  onLeave(key: string): boolean;
}

export function TokenColumn(props: TokenColumnProps) {
  const { label, side, places, column, height, at, kept, marks } = props;
  // Several panels may be on one page.
  const id = useMemo(() => `${props.name}-${Math.random().toString(36).slice(2, 8)}`, [props.name]);
  const [first, last] = column.sight;
  const active = kept >= 0 ? kept : at;
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(height / PLACE_PX) - 1);
    const next = stepped(event.key, active < 0 ? first - 1 : active, page, places.length);
    if (next !== null) {
      const place = Math.max(0, Math.min(places.length - 1, next));
      column.reveal(place);
      props.onWalk(place);
    } else if ((event.key === "Enter" || event.key === " ") && active >= 0) props.onKeep(active);
    else if (!props.onLeave(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      class="nbt-lines-column"
      role="listbox"
      aria-label={label}
      aria-activedescendant={active >= first && active < last ? `${id}-${active}` : undefined}
      tabIndex={0}
      ref={column.viewport}
      style={{ height: `${height}px` }}
      onScroll={props.onScroll}
      onKeyDown={onKeyDown}
      onPointerLeave={() => props.onPoint(null)}
    >
      <div style={{ height: `${places.length * PLACE_PX}px` }}>
        {places.slice(first, last).map((place, offset) => {
          const number = first + offset;
          const text = textOf(side, place);
          const mark = marks.get(number);
          return (
            <div
              key={place.start}
              id={`${id}-${number}`}
              role="option"
              aria-selected={number === kept}
              class={classOf(side, places, number, { at, kept })}
              title={nameOf(side, place)}
              data-token={place.start}
              style={{
                top: `${number * PLACE_PX}px`,
                "--colour": mark?.colour ?? "transparent",
                "--strength": mark?.strength ?? 0,
              }}
              onPointerMove={() => number !== at && props.onPoint(number)}
              onClick={() => props.onKeep(number)}
            >
              <bdi dir={directionOf(text)}>{visible(text)}</bdi>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function stepped(key: string, from: number, page: number, count: number): number | null {
  switch (key) {
    case "ArrowDown":
      return from + 1;
    case "ArrowUp":
      return from - 1;
    case "PageDown":
      return from + page;
    case "PageUp":
      return from - page;
    case "Home":
      return 0;
    case "End":
      return count - 1;
  }
  return null;
}

function classOf(
  side: Side,
  places: readonly Place[],
  number: number,
  { at, kept }: { at: number; kept: number },
): string {
  const [before, facts] = [places[number - 1], places[number]].map((place) => place && side.at(place.start));
  const names = ["nbt-lines-token"];
  if (facts?.special) names.push("nbt-lines-special");
  if (facts?.second && before && !before.second) names.push("nbt-lines-begins");
  if (number === at) names.push("nbt-lines-at");
  if (number === kept) names.push("nbt-lines-kept");
  return names.join(" ");
}

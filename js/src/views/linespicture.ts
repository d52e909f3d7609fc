// The lines in sight as a picture that stands alone: a file knows nothing of the page's colours.
import { colourAt, cssColour } from "../colour";
import { type Edge, type Place, type Side, type Sight, textOf } from "./edges";
import { type Curve, type Picture, PLACE_PX, type Written } from "./linedrawing";

interface Drawn {
  title: string;
  width: number;
  height: number;
  queries: Side;
  keys: Side;
  sight: Sight;
  /** Pixels that are scrolled away above each column. */
  top: { from: number; to: number };
  curves: readonly Curve[];
  heads: readonly number[];
  colourOf(edge: Edge): string;
}

/** The picture of what is drawn on a page. */
export function pictureOf(page: Element, drawn: Drawn): Picture {
  const { title, width, height, queries, keys, sight, top, curves, heads } = drawn;
  const style = getComputedStyle(page);
  const plain = (colour: string) => {
    const name = /var\((--[\w-]+)\)/.exec(colour)?.[1];
    return (name && style.getPropertyValue(name).trim()) || "#777777";
  };
  return {
    title,
    height,
    width: Math.round(width),
    queries: written(queries, sight.queries, sight.from, top.from),
    keys: written(keys, sight.keys, sight.to, top.to),
    curves,
    colours: {
      ink: plain("var(--nbt-fg)"),
      paper: plain("var(--nbt-bg)"),
      of: (edge) => plain(drawn.colourOf(edge)),
    },
    legend: heads.map((head) => ({ name: `head ${head}`, colour: plain(cssColour(colourAt(head))) })),
  };
}

function written(
  side: Side,
  places: readonly Place[],
  [first, last]: readonly [number, number],
  top: number,
): Written[] {
  return places.slice(first, last).map((place, offset) => ({
    text: textOf(side, place),
    top: (first + offset) * PLACE_PX - top,
    faint: side.at(place.start)?.special ?? false,
  }));
}

// Lines between two columns as a picture: where each curve goes, and the whole as an SVG file of its own.
import { directionOf } from "../tokens/direction";
import { visible } from "../tokens/marks";
import { type Edge, strengths } from "./edges";
import type { Scale } from "./looking";
import { escaped } from "./svg";

/** The height of a place in a column. */
export const PLACE_PX = 22;
/** Curves of several heads between the same places lie so far apart. */
const APART_PX = 2.5;
/** So much room do the curves of all heads of a place take at most. */
const SPREAD_PX = 14;

export interface Curve extends Edge {
  path: string;
  /** From 0 to 1. */
  strength: number;
  width: number;
}

/** The curves of some lines over a given width; the first place in sight of each side is at the given pixels. */
export function curvesOf(
  edges: readonly Edge[],
  scale: Scale,
  heads: readonly number[],
  width: number,
  top: { from: number; to: number },
): Curve[] {
  const strong = strengths(edges, scale);
  const apart = Math.min(APART_PX, SPREAD_PX / Math.max(1, heads.length - 1));
  return edges.map((edge, at) => {
    const aside = (heads.indexOf(edge.head) - (heads.length - 1) / 2) * apart;
    const [start, stop] = [middleOf(edge.from, top.from) + aside, middleOf(edge.to, top.to) + aside];
    const strength = strong[at] ?? 0;
    const path = `M0 ${round(start)}C${round(width * 0.5)} ${round(start)} ${round(width * 0.5)} ${round(stop)} ${round(width)} ${round(stop)}`;
    return { ...edge, path, strength, width: 0.8 + 2.6 * strength };
  });
}

function middleOf(place: number, top: number): number {
  return (place + 0.5) * PLACE_PX - top;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A token as the file has it. */
export interface Written {
  text: string;
  top: number;
  faint: boolean;
}

export interface Picture {
  title: string;
  height: number;
  /** The room between the columns. */
  width: number;
  queries: readonly Written[];
  keys: readonly Written[];
  curves: readonly Curve[];
  /** The colours of the page, as CSS values that stand alone. */
  colours: { ink: string; paper: string; of(edge: Edge): string };
  /** The heads that are shown, with their colours. */
  legend: readonly { name: string; colour: string }[];
}

const COLUMN_PX = 190;
const MARGIN_PX = 10;
const HEAD_PX = 44;
/** More of a token has no room. */
const LONGEST = 26;
const FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'Noto Sans CJK SC', sans-serif";

/** The picture as an SVG file: its text is text, and it asks for nothing from elsewhere. */
export function svgOf({ title, height, width, queries, keys, curves, colours, legend }: Picture): string {
  const left = MARGIN_PX + COLUMN_PX;
  const whole = [2 * left + width, HEAD_PX + height + MARGIN_PX];
  const names: string[] = [];
  let across = MARGIN_PX;
  for (const { name, colour } of legend) {
    names.push(
      `<circle cx="${across + 4}" cy="32" r="4" fill="${escaped(colour)}"/>`,
      `<text x="${across + 12}" y="36" fill="${escaped(colours.ink)}">${escaped(name)}</text>`,
    );
    across += 24 + 7 * name.length;
  }
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${whole[0]}" height="${whole[1]}" viewBox="0 0 ${whole.join(" ")}" font-family="${FONT}" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="${escaped(colours.paper)}"/>`,
    `<text x="${MARGIN_PX}" y="18" font-weight="600" fill="${escaped(colours.ink)}">${escaped(title)}</text>`,
    ...names,
    `<svg x="${left}" y="${HEAD_PX}" width="${width}" height="${height}" fill="none">`,
    ...curves.map(
      (curve) =>
        `<path d="${curve.path}" stroke="${escaped(colours.of(curve))}" stroke-width="${round(curve.width)}" stroke-opacity="${curve.strength.toFixed(3)}"><title>${escaped(String(curve.weight))}</title></path>`,
    ),
    "</svg>",
    `<svg y="${HEAD_PX}" width="${whole[0]}" height="${height}" fill="${escaped(colours.ink)}">`,
    ...queries.map((token) => written(token, left - 8, "end")),
    ...keys.map((token) => written(token, left + width + 8, "start")),
    "</svg>",
    "</svg>",
  ];
  return parts.join("\n");
}

/** With the direction of a text its start and its end change sides. */
function written({ text, top, faint }: Written, x: number, side: "start" | "end"): string {
  const letters = [...visible(text)];
  const shown = letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : letters.join("");
  const direction = directionOf(shown);
  const anchor = direction === "ltr" ? side : side === "start" ? "end" : "start";
  const faded = faint ? ' fill-opacity="0.45"' : "";
  return `<text x="${x}" y="${round(top + PLACE_PX / 2 + 4)}" text-anchor="${anchor}" direction="${direction}"${faded}>${escaped(shown)}</text>`;
}

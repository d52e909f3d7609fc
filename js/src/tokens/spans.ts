// Spans of a text that may overlap, as stretches that lie side by side.
import type { CodePoints } from "./codepoints";

/** A stretch of a text, and the numbers of the spans that it belongs to, in their order. */
export interface Stretch {
  text: string;
  of: number[];
}

/** `spans` are [start, end) in code points of the whole text; those outside of what is here are left out. */
export function stretches(text: CodePoints, spans: readonly (readonly [number, number])[]): Stretch[] {
  const within = (point: number) => Math.min(text.last, Math.max(text.first, point));
  const ends = new Set([text.first, text.last, ...spans.flat().map(within)]);
  const cuts = [...ends].sort((a, b) => a - b);
  return cuts.slice(1).map((stop, at) => {
    const start = cuts[at] ?? text.first;
    const of = spans.flatMap(([from, to], number) => (from <= start && stop <= to ? [number] : []));
    return { text: text.slice(start, stop), of };
  });
}

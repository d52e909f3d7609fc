// The beginnings of texts, written beside their points where there are few.
import { oneLine } from "../text";
import { directionOf } from "../tokens/direction";
import type { Pen } from "./pen";
import type { Paper } from "./plane";

/** Up to so many points have a label. */
export const LABELLED = 12;
const MOST_PX = 170;
const LINE_PX = 15;
const GAP_PX = 4;

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Text that stands at a place on the paper. */
export interface Label {
  text: string;
  x: number;
  y: number;
  /** Of what is not looked for. */
  faint: boolean;
}

/** Write each label beside its point, whose radius is given; one that would cover something is left out. */
export function drawLabels(paper: Paper, labels: readonly Label[], radius: number): void {
  const { context, frame, colour } = paper;
  const taken = labels.map(({ x, y }) => around(x, y, radius));
  context.fillStyle = colour("--nbt-fg") || "grey";
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const { text, x, y, faint } of labels) {
    const line = oneLine(text).trim();
    const shown = fittedLine(context, line, Math.min(MOST_PX, frame.width * 0.45));
    const place = placeFor({ x, y }, radius, context.measureText(shown).width, frame, taken);
    if (shown === "" || !place) continue;
    taken.push({ ...place, left: place.left - GAP_PX, width: place.width + 2 * GAP_PX });
    context.direction = directionOf(line);
    context.globalAlpha = faint ? 0.35 : 1;
    context.fillText(shown, place.left, place.top + LINE_PX / 2);
  }
  context.globalAlpha = 1;
}

/** Beside a point, below it or above it: the first place that is in the frame and free. */
export function placeFor(
  { x, y }: { x: number; y: number },
  radius: number,
  width: number,
  frame: Box,
  taken: readonly Box[],
): Box | undefined {
  const away = radius + GAP_PX;
  const middle = Math.max(frame.left, Math.min(x - width / 2, frame.left + frame.width - width));
  const corners = [
    [x + away, y - LINE_PX / 2],
    [x - away - width, y - LINE_PX / 2],
    [middle, y + away],
    [middle, y - away - LINE_PX],
  ] as const;
  return corners
    .map(([left, top]) => ({ left, top, width, height: LINE_PX }))
    .find((box) => isWithin(box, frame) && !taken.some((other) => overlap(box, other)));
}

function around(x: number, y: number, radius: number): Box {
  return { left: x - radius, top: y - radius, width: 2 * radius, height: 2 * radius };
}

function isWithin(box: Box, frame: Box): boolean {
  return (
    box.left >= frame.left &&
    box.top >= frame.top &&
    box.left + box.width <= frame.left + frame.width &&
    box.top + box.height <= frame.top + frame.height
  );
}

function overlap(one: Box, other: Box): boolean {
  return (
    one.left < other.left + other.width &&
    other.left < one.left + one.width &&
    one.top < other.top + other.height &&
    other.top < one.top + one.height
  );
}

/** As much of a line as there is room for. */
export function fittedLine(context: Pick<Pen, "measureText">, line: string, room: number): string {
  if (context.measureText(line).width <= room) return line;
  let [low, high] = [0, Math.min(line.length, 80)];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (context.measureText(`${line.slice(0, middle)}…`).width <= room) low = middle;
    else high = middle;
  }
  // Not half of a character.
  return `${line.slice(0, low).replace(/[\ud800-\udbff]$/, "")}…`;
}

// What is drawn of a chart by a pen: its marks, and for files all of it.
import type { Pen } from "./pen";
import type { Frame } from "./plane";
import type { Mark, PlotLine, Shown } from "./plot";

/** A chart, and where its steps and values stand. */
export interface Sheet {
  shown: Shown;
  /** Where the lines are. */
  frame: Frame;
  x(step: number): number;
  y(value: number): number;
  /** A colour by its name in the style sheet, without `--nbt-`. */
  colour(name: string): string;
}

/** What is written beside the axes. */
export type Ticks = Record<"x" | "y", [at: number, label: string][]>;

/** Room above the chart. */
export const TITLE_PX = 24;
const LABEL_PX = 46;

const MARKS: Record<Mark["kind"], [colour: string, alpha: number]> = {
  epoch: ["fg", 0.35],
  change: ["orange", 0.8],
  best: ["green", 0.8],
};

export function drawMarks(pen: Pen, { shown, frame, x, colour }: Sheet): void {
  const labelled: number[] = [];
  for (const { step, label, kind } of shown.marks) {
    const at = x(step);
    const [hue, alpha] = MARKS[kind];
    pen.globalAlpha = alpha;
    pen.fillStyle = colour(hue);
    pen.fillRect(at - 0.5, frame.top, 1, frame.height);
    pen.globalAlpha = 1;
    const last = frame.left + frame.width - pen.measureText(label).width; // where it still fits in
    const left = Math.min(at - 0.5, last);
    if (labelled.some((other) => Math.abs(other - left) < LABEL_PX)) continue;
    pen.fillStyle = colour(hue === "fg" ? "muted" : hue);
    pen.textAlign = "left";
    pen.textBaseline = "alphabetic";
    pen.fillText(label, left, frame.top - 4);
    labelled.push(left);
  }
}

/** All of it. */
export function drawChart(pen: Pen, sheet: Sheet, ticks: Ticks): void {
  const { shown, x, y, colour } = sheet;
  const { left, top, width, height } = sheet.frame;
  drawTitle(pen, sheet);
  pen.textBaseline = "middle";
  for (const [value, label] of ticks.y) {
    pen.fillStyle = colour("muted");
    pen.textAlign = "right";
    pen.fillText(label, left - 6, y(value));
    drawGrid(pen, sheet, left, y(value), width, 1);
  }
  for (const [step, label] of ticks.x) {
    pen.fillStyle = colour("muted");
    pen.textAlign = "center";
    pen.fillText(label, x(step), top + height + 13);
    drawGrid(pen, sheet, x(step), top, 1, height);
  }
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.clip();
  for (const line of shown.lines) drawLine(pen, sheet, line);
  pen.restore();
  drawMarks(pen, sheet);
}

function drawTitle(pen: Pen, { shown: { title, lines }, frame, colour }: Sheet): void {
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.fillStyle = colour("plain-text");
  pen.fillText(title, frame.left, 11);
  let at = frame.left + pen.measureText(title).width + 18;
  for (const { name, colour: hue } of lines.length > 1 ? lines : []) {
    pen.fillStyle = colour(hue);
    pen.fillRect(at, 9.5, 12, 3);
    pen.fillText(name, at + 17, 11);
    at += pen.measureText(name).width + 33;
  }
}

function drawGrid(
  pen: Pen,
  { colour }: Sheet,
  ...box: [x: number, y: number, width: number, height: number]
) {
  pen.globalAlpha = 0.14;
  pen.fillStyle = colour("plain-text");
  pen.fillRect(...box);
  pen.globalAlpha = 1;
}

function drawLine(pen: Pen, { shown: { isLog }, x, y, colour }: Sheet, line: PlotLine): void {
  const { step, low, high, mean, smooth } = line.thinned;
  pen.strokeStyle = colour(line.colour);
  const draw = (values: Float32Array, alpha: number, width: number) => {
    let isDown = false;
    pen.globalAlpha = alpha;
    pen.lineWidth = width;
    pen.beginPath();
    values.forEach((value, at) => {
      const isThere = Number.isFinite(value) && !(isLog && value <= 0);
      if (isThere && isDown) pen.lineTo(x(step[at] as number), y(value));
      else if (isThere) pen.moveTo(x(step[at] as number), y(value));
      isDown = isThere;
    });
    pen.stroke();
  };
  if (line.isSmooth || !line.thinned.isExact) {
    draw(low, 0.35, 1);
    if (!line.thinned.isExact) draw(high, 0.35, 1);
  }
  draw(line.isSmooth ? smooth : mean, 1, 1.75);
  pen.fillStyle = colour(line.colour);
  if (line.hasDots || step.length === 1) {
    mean.forEach((value, at) => {
      if (Number.isFinite(value)) pen.fillRect(x(step[at] as number) - 2.5, y(value) - 2.5, 5, 5);
    });
  }
  pen.globalAlpha = 1;
}

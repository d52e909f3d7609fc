// A chart by uPlot: its lines over steps, and what the reader does with them.
import UPlot from "uplot";
import type { Thinned } from "../training/thin";
import { stepLabel, tickLabel } from "./figures";
import { rememberDrawing } from "./pictures";
import { drawChart, drawMarks, type Sheet, TITLE_PX, type Ticks } from "./plotpicture";

/** A line over steps. */
export interface PlotLine {
  name: string;
  /** The name of its colour in the style sheet, without `--nbt-`. */
  colour: string;
  thinned: Thinned;
  /** The smoothed values are drawn, and what they are smoothed from behind them. */
  isSmooth: boolean;
  /** Few points, each of them marked. */
  hasDots: boolean;
}

/** A line across the chart. */
export interface Mark {
  step: number;
  label: string;
  kind: "epoch" | "change" | "best";
}

/** First and last step in sight. */
export type Range = readonly [from: number, to: number];

export interface Shown {
  title: string;
  lines: readonly PlotLine[];
  marks: readonly Mark[];
  range: Range;
  isLog: boolean;
  /** It goes along learning rates, on a logarithmic scale, and shows values up to one. */
  rates?: { most: number };
  /** How what it goes along is told below it, where that is no step: what may lie between two labels, and a label. */
  below?: { apart: number[]; label(value: number): string };
}

export interface PlotCalls {
  /** The reader points at a step, or at none. */
  point(step: number | null): void;
  zoom(range: Range): void;
  reset(): void;
}

/** Between two labels below a chart: no parts of a step. */
const WHOLE = [1, 2, 5, 10]
  .flatMap((first) => Array.from({ length: 8 }, (_, power) => first * 10 ** power))
  .sort((a, b) => a - b);
/** Columns that a line has in the chart. */
const COLUMNS = 3;
const LEFT_PX = 54;
/** Room above and below the lines, as a share of their height. */
const ROOM = 0.06;

export class Plot {
  readonly #plot: UPlot;
  readonly #calls: PlotCalls;
  #shown: Shown;
  #font: string;
  #isDrawn = true;
  #ticks: Ticks = { x: [], y: [] };
  /** The reader's pointer is over it. */
  #isPointedAt = false;

  private constructor(box: HTMLElement, size: UPlotSize, shown: Shown, calls: PlotCalls) {
    this.#calls = calls;
    this.#shown = shown;
    this.#font = `11px ${getComputedStyle(box).fontFamily}`;
    this.#plot = new UPlot(this.#options(size), columnsOf(shown.lines), box);
    this.#plot.over.addEventListener("mouseenter", () => {
      this.#isPointedAt = true;
    });
    this.#plot.over.addEventListener("mouseleave", () => {
      this.#isPointedAt = false;
      calls.point(null);
    });
    this.#remember();
  }

  /** Null on a page that can draw on no canvas. */
  static on(box: HTMLElement, size: UPlotSize, shown: Shown, calls: PlotCalls): Plot | null {
    return document.createElement("canvas").getContext("2d") ? new Plot(box, size, shown, calls) : null;
  }

  /** Other data for the same lines; what is not on the screen is drawn when it is. */
  show(shown: Shown, isSeen: boolean): void {
    this.#shown = shown;
    this.#isDrawn = false;
    if (isSeen) this.#bringUp();
  }

  #bringUp(): void {
    if (this.#isDrawn) return;
    this.#isDrawn = true;
    // At once, so that a file that is made now is of now.
    this.#plot.batch(() => this.#plot.setData(columnsOf(this.#shown.lines)));
  }

  resize(size: UPlotSize): void {
    this.#plot.setSize(size);
    this.#remember();
  }

  /** In the colours that the style sheet has now. */
  redraw(): void {
    this.#plot.redraw(false, true);
  }

  /** Put the cursor at a step. */
  point(step: number | null): void {
    const { cursor, data } = this.#plot;
    // Where the pointer is, it is already.
    if (this.#isPointedAt && typeof cursor.idx === "number" && data[0][cursor.idx] === step) return;
    const [left, top] = step === null ? [-10, -10] : [this.#plot.valToPos(step, "x"), 0];
    this.#plot.setCursor({ left, top });
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #colour(name: string): string {
    return getComputedStyle(this.#plot.root).getPropertyValue(`--nbt-${name}`).trim();
  }

  #options(size: UPlotSize): UPlot.Options {
    const { lines, isLog, rates, below } = this.#shown;
    const series = lines.flatMap((line): UPlot.Series[] => {
      const behind: UPlot.Series = {
        stroke: () => faded(this.#colour(line.colour), line.isSmooth ? 0.3 : 0.5),
        width: 1,
        pxAlign: 0,
        points: { show: false },
      };
      const front: UPlot.Series = {
        stroke: () => this.#colour(line.colour),
        width: 1.75,
        pxAlign: 0,
        // A line needs two points; a single one is a dot.
        points: {
          show: line.hasDots || ((_, __, from, to) => from === to),
          size: 6,
          fill: () => this.#colour(line.colour),
        },
      };
      return [behind, behind, front];
    });
    const bands = lines.map(({ colour }, at): UPlot.Band => {
      const first = 1 + at * COLUMNS;
      return { series: [first + 1, first], fill: () => faded(this.#colour(colour), 0.16) };
    });
    const axis: UPlot.Axis = {
      font: this.#font,
      stroke: () => this.#colour("muted"),
      grid: { stroke: () => this.#colour("line"), width: 1 },
      ticks: { show: false },
    };
    return {
      ...size,
      series: [{}, ...series],
      bands,
      padding: [18, 26, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, distr: rates ? 3 : 1, range: () => [...this.#shown.range] },
        y: {
          distr: isLog ? 3 : 1,
          range: (_, low, high) =>
            isLog ? logRange(low, high) : range(low, Math.min(high, rates?.most ?? high)),
        },
      },
      axes: [
        {
          ...axis,
          size: 26,
          incrs: below?.apart ?? WHOLE,
          ...(rates && { splits: (_, __, low, high) => powers(low, high), filter: (_, splits) => splits }),
          values: (_, at) => this.#told("x", at, below?.label ?? (rates ? tickLabel : stepLabel)),
        },
        { ...axis, size: LEFT_PX, values: (_, at) => this.#told("y", at, tickLabel) },
      ],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        points: { size: 7, show: (_, at) => dot(at % COLUMNS === 0) },
        // A double click has the whole again, by what the page knows.
        bind: {
          dblclick: () => () => {
            this.#calls.reset();
            return null;
          },
        },
      },
      hooks: {
        drawAxes: [() => this.#drawMarks()],
        setCursor: [(plot) => this.#pointed(plot)],
        setSelect: [(plot) => this.#selected(plot)],
      },
    };
  }

  #told(axis: "x" | "y", at: (number | null)[], name: (value: number) => string): (string | null)[] {
    const ticks = at.flatMap((value): [number, string][] => (value === null ? [] : [[value, name(value)]]));
    this.#ticks[axis] = ticks;
    return at.map((value) => (value === null ? null : name(value)));
  }

  #pointed(plot: UPlot): void {
    const { idx } = plot.cursor;
    // uPlot tells too of where it was put, and of other data below a pointer that rests elsewhere.
    if (this.#isPointedAt && typeof idx === "number") this.#calls.point(plot.data[0][idx] ?? null);
  }

  #selected(plot: UPlot): void {
    const { left, width } = plot.select;
    if (width <= 0) return;
    const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (width >= 4) this.#calls.zoom([from, to]);
  }

  /** On the chart itself, in pixels of its canvas. */
  #drawMarks(): void {
    const { ctx } = this.#plot;
    const ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.scale(ratio, ratio);
    ctx.font = this.#font;
    drawMarks(ctx, this.#sheet(0));
    ctx.restore();
  }

  #remember(): void {
    const { width, height, ctx } = this.#plot;
    rememberDrawing(ctx.canvas, {
      width,
      height: height + TITLE_PX,
      font: this.#font,
      draw: (pen) => {
        this.#bringUp();
        drawChart(pen, this.#sheet(TITLE_PX), this.#ticks);
      },
    });
  }

  /** The chart as it is now, so far down. */
  #sheet(down: number): Sheet {
    const ratio = devicePixelRatio || 1;
    const { bbox } = this.#plot;
    const [left, top] = [bbox.left / ratio, bbox.top / ratio + down];
    return {
      shown: this.#shown,
      frame: { left, top, width: bbox.width / ratio, height: bbox.height / ratio },
      x: (step) => left + this.#plot.valToPos(step, "x"),
      y: (value) => top + this.#plot.valToPos(value, "y"),
      colour: (name) => this.#colour(name),
    };
  }
}

interface UPlotSize {
  width: number;
  height: number;
}

/** What the pointer's dot is; none for what lies behind a line. */
function dot(isFront: boolean): HTMLElement {
  const element = document.createElement("div");
  element.className = "u-cursor-pt";
  element.hidden = !isFront;
  return element;
}

/** Steps, and three columns of each line, on the steps of all. */
function columnsOf(lines: readonly PlotLine[]): UPlot.AlignedData {
  const tables = lines.map(({ thinned, isSmooth }): UPlot.AlignedData => {
    const { step, low, high, mean, smooth, isExact } = thinned;
    const none = () => new Array<null>(step.length).fill(null);
    // Of single points the least and the greatest are one line, and where nothing is smoothed the line itself.
    const behind = isExact ? [none(), isSmooth ? gapped(high) : none()] : [gapped(low), gapped(high)];
    return [step, ...behind, gapped(isSmooth ? smooth : mean)] as UPlot.AlignedData;
  });
  return tables.length === 1 ? (tables[0] as UPlot.AlignedData) : UPlot.join(tables);
}

/** What is not finite is a gap; without one the column stays as it is. */
function gapped(values: Float32Array): Float32Array | (number | null)[] {
  if (!values.some(Number.isNaN)) return values;
  return Array.from(values, (value) => (Number.isFinite(value) ? value : null));
}

function range(low: number, high: number): [number, number] {
  if (!(low <= high)) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * ROOM;
  return [low - room, high + room];
}

/** From and to a number of one figure, as those are that the lines across stand for. */
function logRange(low: number, high: number): [number, number] {
  if (!(low > 0 && low <= high)) return [0.1, 1];
  const unit = (value: number) => 10 ** Math.floor(Math.log10(value));
  const [from, to] = [Math.floor(low / unit(low)) * unit(low), Math.ceil(high / unit(high)) * unit(high)];
  return from < to ? [from, to] : [from / 2, to * 2];
}

/** The powers of ten from one value to another. */
function powers(low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => 10 ** (first + at));
}

function faded(colour: string, share: number): string {
  return `color-mix(in srgb, ${colour} ${Math.round(100 * share)}%, transparent)`;
}

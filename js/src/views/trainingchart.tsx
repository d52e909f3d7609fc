// One chart of a run: its lines, their values where one points, and the ways to look closer.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { cssColour } from "../colour";
import { ask, type Kept } from "../rows/answers";
import { firstFrom } from "../sorted";
import { formatCount } from "../text";
import { Points } from "../training/points";
import type { Run } from "../training/run";
import { emptyThinned, joined, Smoothed, type Thinned, thin } from "../training/thin";
import { useAsked } from "./asking";
import { exactValue } from "./figures";
import { useTheme } from "./plane";
import { type Mark, Plot, type PlotCalls, type PlotLine, type Range } from "./plot";
import { clamp } from "./viewport";
import { useMeasured } from "./virtual";

/** What a chart shows: curves of the steps, and metrics of the evaluations. */
export interface Chart {
  key: string;
  title: string;
  sources: readonly Source[];
  /** Of positive values, which a logarithmic scale can show. */
  canLog: boolean;
}

export interface Source {
  kind: "curve" | "metric";
  /** What the run calls it. */
  key: string;
  name: string;
  colour: string;
  /** A curve that is told by each step is noisy; one that is set is not. */
  isNoisy: boolean;
}

/** What all charts of a run are looked at with. */
export interface ChartView {
  /** How much of a smoothed value is what came before. */
  smoothing: number;
  isLog: boolean;
  /** The steps in sight; null for all, also those to come. */
  range: Range | null;
}

interface TrainingChartProps {
  chart: Chart;
  run: Run;
  view: ChartView;
  /** All steps. */
  whole: Range;
  marks: readonly Mark[];
  /** The step that is pointed at, in any chart. */
  at: number | null;
  calls: PlotCalls;
  channel: Channel;
  kept: Kept;
}

const GUESS = { width: 420, height: 190 };
/** Pixels that are not of the lines: the axis, and a margin. */
const BESIDE_PX = 80;

export function TrainingChart(props: TrainingChartProps) {
  const { chart, run, view, whole, marks, at, calls, channel, kept } = props;
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState(GUESS);
  useMeasured(box, setSize);
  const theme = useTheme(box);
  const range = view.range ?? whole;
  const most = Math.max(16, size.width - BESIDE_PX);
  // A chart of other sources is another chart, by its key.
  const lines = chart.sources.map((source) => useLine({ source, run, view, whole, most, channel, kept }));
  const isLog = view.isLog && chart.canLog;
  const shown = { title: chart.title, lines: lines.map(({ line }) => line), marks, range, isLog };
  usePlot(box, shown, size, theme, at, calls);
  const walk = useWalk(lines[0]?.line.thinned.step ?? [], range, at, calls);
  return (
    <figure class="nbt-chart">
      <figcaption aria-live={at === null ? "off" : "polite"}>
        <strong>{chart.title}</strong>
        {lines.map((line, number) => (
          <Value key={number} known={line} at={at} isNamed={lines.length > 1} />
        ))}
      </figcaption>
      <div
        ref={box}
        class="nbt-plot"
        role="application"
        aria-label={`${chart.title}: the left and right arrow keys go along the lines, plus and minus zoom, 0 shows all`}
        tabindex={0}
        onKeyDown={walk}
      />
      {lines.map(({ problem }) => problem && <p class="nbt-aside">{problem}</p>)}
    </figure>
  );
}

/** A line, and the points that it stands for. */
interface Known {
  line: PlotLine;
  points: Points;
  smoothed: Float32Array | null;
  problem: string | null;
}

interface LineProps extends Pick<TrainingChartProps, "run" | "view" | "whole" | "channel" | "kept"> {
  source: Source;
  most: number;
}

function useLine({ source, run, view, whole, most, channel, kept }: LineProps): Known {
  const { kind, key, name, colour } = source;
  const { evals } = run;
  const points = useMemo(
    () => (kind === "curve" ? (run.curve(key) ?? new Points()) : pointsOf(evals, key)),
    [run, kind, key, kind === "metric" ? evals : null],
  );
  const weight = source.isNoisy ? view.smoothing : 0;
  const smoother = useMemo(() => new Smoothed(weight), [points, weight]);
  const far = useFar(channel, kept, key, points, run.rewritten, view.range, whole, most, weight);
  const [from, to] = view.range ?? whole;
  // One more on each side, so that the lines go out of sight.
  const start = Math.max(0, points.find(from) - 1);
  const stop = Math.min(points.length, points.find(to) + 2);
  const thinned = useMemo(() => {
    const smoothed = smoother.of(points);
    if (!far.curve) return thin(points, smoothed, [start, stop], most);
    // What came since the kernel was asked is here, point by point.
    const since = points.find(far.to + 1);
    if (since >= stop) return far.curve;
    const share = ((points.steps[stop - 1] as number) - far.to) / Math.max(1, to - from);
    const cells = Math.ceil(most * Math.min(1, share));
    return joined(far.curve, thin(points, smoothed, [since, stop], cells));
  }, [points, start, stop, smoother, far.curve, far.to, from, to, most]);
  const line: PlotLine = {
    name,
    colour,
    thinned,
    isSmooth: weight > 0,
    hasDots: kind === "metric",
  };
  return { line, points, smoothed: weight > 0 ? smoother.of(points) : null, problem: far.problem };
}

function pointsOf(evals: Run["evals"], key: string): Points {
  const told = evals.filter(({ metrics }) => key in metrics);
  return new Points(
    Uint32Array.from(told, ({ step }) => step),
    Float32Array.from(told, ({ metrics }) => metrics[key] ?? Number.NaN),
  );
}

/** What the kernel answered: a curve, up to a step. */
interface Far {
  curve: Thinned;
  to: number;
}

/** Of a curve that has grown by less than this share, what is new is not asked for. */
const GROWN = 1.05;

/** A curve of which not all points are here, as the kernel thins and smooths it; null where there is no need. */
function useFar(
  channel: Channel,
  kept: Kept,
  name: string,
  points: Points,
  rewritten: number,
  zoomed: Range | null,
  whole: Range,
  most: number,
  smoothing: number,
): { curve: Thinned | null; to: number; problem: string | null } {
  const last = useRef<(Far & { same: string }) | null>(null);
  const same = JSON.stringify([name, rewritten, zoomed, most, smoothing]);
  if (last.current?.same !== same) last.current = null;
  const told = last.current?.to ?? -1;
  const asked = useRef(0);
  if (whole[1] > asked.current * GROWN || whole[1] < asked.current) asked.current = whole[1];
  const [first, to] = zoomed ?? [0, asked.current];
  const from = Math.max(0, Math.floor(first), told + 1);
  const params = {
    name,
    from_step: from,
    to_step: Math.ceil(to),
    pixels: Math.ceil(most * Math.min(1, (to - from) / (to - first || 1))),
    smoothing,
  };
  const question = points.isWhole || from > to ? null : JSON.stringify([rewritten, params]);
  const { answer, notice } = useAsked<Far>(kept, question, async (signal) => {
    const { facts, read } = await ask<{ exact: boolean }>(channel, "curve", params, signal);
    const curve = emptyThinned(0, facts.exact);
    const mean = read.float32("mean");
    const smooth = read.has("smooth") ? read.float32("smooth") : mean;
    const [step, low, high] = [read.uint32("step"), read.float32("min"), read.float32("max")];
    return { curve: { ...curve, step, low, high, mean, smooth }, to: params.to_step };
  });
  if (answer) {
    const before = last.current?.curve;
    last.current = { curve: before ? joined(before, answer.curve) : answer.curve, to: answer.to, same };
  }
  // Until what is new of it has come, what is known of the rest will do.
  const { curve, to: known } = last.current ?? { curve: null, to: 0 };
  return {
    curve: points.isWhole ? null : curve,
    to: known,
    problem: notice?.retry ? notice.message : null,
  };
}

export function usePlot(
  box: { current: HTMLDivElement | null },
  shown: Parameters<Plot["show"]>[0],
  size: { width: number; height: number },
  theme: string,
  at: number | null,
  calls: PlotCalls,
): void {
  const plot = useRef<Plot | null>(null);
  const isSeen = useSeen(box);
  const { lines, isLog } = shown;
  const made = `${isLog} ${JSON.stringify(lines.map(({ name, colour, isSmooth }) => [name, colour, isSmooth]))}`;
  useLayoutEffect(() => {
    if (box.current) plot.current = Plot.on(box.current, size, shown, calls);
    return () => plot.current?.destroy();
  }, [made]);
  useLayoutEffect(() => plot.current?.resize(size), [size.width, size.height]);
  useLayoutEffect(() => plot.current?.redraw(), [theme]);
  const drawn = lines.map(({ thinned }) => thinned);
  useLayoutEffect(() => {
    plot.current?.show(shown, isSeen);
  }, [...drawn, shown.marks, shown.range[0], shown.range[1], made, isSeen]);
  useLayoutEffect(() => plot.current?.point(at), [at, made]);
}

/** Whether an element is on the screen: what is not need not be drawn. */
function useSeen(box: { current: HTMLElement | null }): boolean {
  const [isSeen, setSeen] = useState(true);
  useLayoutEffect(() => {
    if (!box.current || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver((entries) => setSeen(entries.at(-1)?.isIntersecting ?? true));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return isSeen;
}

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };

/** The chart by keys. */
export function useWalk(steps: Iterable<number>, range: Range, at: number | null, calls: PlotCalls) {
  return (event: KeyboardEvent) => {
    const { key } = event;
    const inSight = Array.from(steps).filter((step) => step >= range[0] && step <= range[1]);
    const [first, last] = [inSight[0] ?? 0, inSight.at(-1) ?? 0];
    const by = STEPS[key];
    if (by !== undefined && inSight.length > 0) {
      const here = at === null ? (by > 0 ? -1 : inSight.length) : inSight.findIndex((step) => step >= at);
      calls.point(inSight[clamp(here + by, 0, inSight.length - 1)] ?? last);
    } else if (key === "Home" || key === "End") calls.point(key === "Home" ? first : last);
    else if (key === "+" || key === "=" || key === "-") {
      const [from, to] = range;
      const centre = at ?? (from + to) / 2;
      const factor = key === "-" ? 2 : 0.5;
      calls.zoom([centre - (centre - from) * factor, centre + (to - centre) * factor]);
    } else if (key === "0") calls.reset();
    else if (key === "Escape" && at !== null) calls.point(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
}

/** A line's value where one points, or its last one. */
function Value({ known, at, isNamed }: { known: Known; at: number | null; isNamed: boolean }) {
  const { line, points, smoothed } = known;
  const { name, colour, thinned } = line;
  const told = points.isWhole ? pointAt(points, smoothed, at) : stretchAt(thinned, line.isSmooth, at);
  return (
    <span class="nbt-chart-value">
      <i style={{ background: cssColour(colour) }} aria-hidden="true" />
      {isNamed && <bdi>{name}</bdi>}
      {told && (
        <>
          <b>{exactValue(told.value)}</b>
          {told.between && <span>{`${exactValue(told.between[0])} to ${exactValue(told.between[1])}`}</span>}
          {Number.isFinite(told.smooth) && <span>{`smoothed ${exactValue(told.smooth)}`}</span>}
          {at !== null && <span>{`step ${formatCount(told.step)}`}</span>}
        </>
      )}
    </span>
  );
}

interface Told {
  step: number;
  value: number;
  /** The least and the greatest, where the value is the mean of several. */
  between: [number, number] | null;
  smooth: number | null;
}

function pointAt(points: Points, smoothed: Float32Array | null, at: number | null): Told | null {
  const { steps, values, length } = points;
  if (length === 0) return null;
  const number = at === null ? length - 1 : nearest(steps, at);
  return {
    step: steps[number] as number,
    value: values[number] as number,
    between: null,
    smooth: smoothed ? (smoothed[number] as number) : null,
  };
}

function stretchAt(thinned: Thinned, isSmooth: boolean, at: number | null): Told | null {
  const { step, low, high, mean, smooth } = thinned;
  if (step.length === 0) return null;
  const number = at === null ? step.length - 1 : nearest(step, at);
  const [least, most] = [low[number] as number, high[number] as number];
  return {
    step: step[number] as number,
    value: mean[number] as number,
    between: least < most ? [least, most] : null,
    smooth: isSmooth ? (smooth[number] as number) : null,
  };
}

/** The number of the step that is nearest. */
function nearest(steps: Thinned["step"], at: number): number {
  const behind = Math.min(firstFrom(steps, at), steps.length - 1);
  const before = steps[behind - 1];
  return before !== undefined && at - before < (steps[behind] as number) - at ? behind - 1 : behind;
}

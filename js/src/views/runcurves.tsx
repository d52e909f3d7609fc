// The curves of several runs on one another: of each what was told by its steps, and by its evaluations as dots.
import { useMemo, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { cssColour } from "../colour";
import { firstFrom } from "../sorted";
import { formatCount } from "../text";
import type { Points } from "../training/points";
import { emptyThinned, Smoothed } from "../training/thin";
import { type RunCurve, useRunCurves } from "../training/useruns";
import type { RunRow, RunRows } from "../wire/runs";
import { exactValue } from "./figures";
import { useTheme } from "./plane";
import type { PlotCalls, PlotLine, Range, Shown } from "./plot";
import { Select } from "./select";
import { type ChartView, usePlot, useWalk } from "./trainingchart";
import { CurveTools, FIRST_VIEW } from "./trainingcurves";
import { useMeasured } from "./virtual";

const TITLES: Record<string, string> = {
  loss: "Loss",
  lr: "Learning rate",
  grad_norm: "Gradient norm",
  tokens_per_s: "Tokens a second",
};

interface RunCurvesProps {
  names: readonly string[];
  runs: RunRows;
  colours: ReadonlyMap<string, string>;
  channel: Channel;
}

export function RunCurves({ names, runs, colours, channel }: RunCurvesProps) {
  const [wished, setMetric] = useState("loss");
  const metrics = [...new Set(names.flatMap((name) => runs[name]?.curves ?? []))];
  const metric = metrics.includes(wished) ? wished : (metrics[0] ?? "loss");
  const [view, setWholeView] = useState<ChartView>({ ...FIRST_VIEW });
  const setView = (change: Partial<ChartView>) => setWholeView((now) => ({ ...now, ...change }));
  const looked = names.map((name) => [name, runs[name] as RunRow] as const);
  const { curves, problem } = useRunCurves(channel, looked, metric);
  if (metrics.length === 0) return <p class="nbt-none">The curves begin with the first step.</p>;
  return (
    <section aria-label="Curves">
      <CurveTools view={view} setView={setView}>
        <Select
          label="Curve"
          options={metrics.map((name) => [name, TITLES[name] ?? name] as const)}
          chosen={metric}
          onChoose={setMetric}
        />
      </CurveTools>
      <div class="nbt-charts nbt-run-charts">
        {/* There is no chart of no lines. */}
        {hasPoints(curves) ? (
          <Overlay
            title={TITLES[metric] ?? metric}
            curves={curves}
            colours={colours}
            view={view}
            setView={setView}
          />
        ) : (
          <p class="nbt-aside">The curves are on their way.</p>
        )}
      </div>
      {problem && <p class="nbt-bad nbt-run-said">{problem}</p>}
    </section>
  );
}

function hasPoints(curves: ReadonlyMap<string, RunCurve>): boolean {
  return [...curves.values()].some(({ steps, evals }) => steps.length + evals.length > 0);
}

interface OverlayProps {
  title: string;
  curves: ReadonlyMap<string, RunCurve>;
  colours: ReadonlyMap<string, string>;
  view: ChartView;
  setView(change: Partial<ChartView>): void;
}

function Overlay({ title, curves, colours, view, setView }: OverlayProps) {
  const { smoothing, isLog, range: zoomed } = view;
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 640, height: 260 });
  useMeasured(box, setSize);
  const theme = useTheme(box);
  const [at, setAt] = useState<number | null>(null);
  const drawn = [...curves].map(([name, curve]) => ({ name, curve, colour: colours.get(name) ?? "grey" }));
  const parts = [...curves.values()].flatMap(({ steps, evals }) => [steps, evals]);
  const lines = useMemo(
    () => drawn.flatMap(({ name, curve, colour }) => linesOf(name, curve, colour, smoothing)),
    [...parts, JSON.stringify([...colours]), smoothing],
  );
  const end = Math.max(1, ...parts.map(({ steps }) => steps.at(-1) ?? 0));
  const calls = useMemo(
    (): PlotCalls => ({
      point: setAt,
      zoom: ([from, to]) => setView({ range: [Math.max(0, from), to] }),
      reset: () => setView({ range: null }),
    }),
    [],
  );
  const range: Range = zoomed ?? [0, end];
  const shown: Shown = { title, lines, marks: NO_MARKS, range, isLog };
  usePlot(box, shown, size, theme, at, calls);
  const longest = lines.reduce<PlotLine | null>(
    (now, line) => (line.thinned.step.length > (now?.thinned.step.length ?? 0) ? line : now),
    null,
  );
  const walk = useWalk(longest?.thinned.step ?? [], range, at, calls);
  return (
    <figure class="nbt-chart">
      <figcaption>
        <strong>{title}</strong>
        {at !== null && <span>{`step ${formatCount(Math.round(at))}`}</span>}
        {drawn.map(({ name, curve, colour }) => (
          <span key={name} class="nbt-chart-value">
            <i style={{ background: cssColour(colour) }} aria-hidden="true" />
            <bdi>{name}</bdi>
            <Value points={curve.steps} at={at} name="" />
            <Value points={curve.evals} at={at} name={curve.steps.length > 0 ? "evaluation" : ""} />
          </span>
        ))}
      </figcaption>
      <div
        ref={box}
        class="nbt-plot"
        role="application"
        aria-label={`${title} by step: the left and right arrow keys go along the lines, 0 shows all`}
        tabindex={0}
        onKeyDown={walk}
      />
    </figure>
  );
}

const NO_MARKS: Shown["marks"] = [];

/** The value where one points, else the last; nothing behind the end of a curve. */
function Value({ points, at, name }: { points: Points; at: number | null; name: string }) {
  const { steps, values, length } = points;
  if (length === 0 || (at !== null && at > (steps[length - 1] as number))) return null;
  const number = at === null ? length - 1 : Math.min(firstFrom(steps, at), length - 1);
  return (
    <>
      {name && <span>{name}</span>}
      <b>{exactValue(values[number] as number)}</b>
    </>
  );
}

/** Two lines a run, of one colour: by step, smoothed, and by evaluation. */
function linesOf(name: string, { steps, evals }: RunCurve, colour: string, smoothing: number): PlotLine[] {
  const line = (points: Points, weight: number, hasDots: boolean): PlotLine => {
    const smooth = new Smoothed(weight).of(points);
    const { values } = points;
    const thinned = {
      ...emptyThinned(0),
      step: points.steps,
      low: values,
      high: values,
      mean: values,
      smooth,
    };
    return { name, colour, thinned, isSmooth: weight > 0, hasDots };
  };
  return [
    ...(steps.length > 0 ? [line(steps, smoothing, false)] : []),
    ...(evals.length > 0 ? [line(evals, 0, true)] : []),
  ];
}

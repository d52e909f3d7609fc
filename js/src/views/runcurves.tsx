// The curves of several runs on one another: of each what was told by its steps, and by its evaluations as dots.
import type { RefObject } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { cssColour } from "../colour";
import { firstFrom } from "../sorted";
import type { CurvePoints, RunCurve, Way } from "../training/runcurve";
import { Smoothed, thin } from "../training/thin";
import { useRunCurves } from "../training/useruns";
import type { RunRow, RunRows } from "../wire/runs";
import { exactValue } from "./figures";
import { useTheme } from "./plane";
import type { PlotCalls, PlotLine, Range, Shown } from "./plot";
import { WAYS } from "./runways";
import { Segments } from "./segments";
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
const CHOICES = Object.entries(WAYS).map(([way, { title, help }]) => [way as Way, title, help] as const);

/** What is looked at, and how. */
export interface RunsLook extends ChartView {
  metric: string;
  along: Way;
}

export const FIRST_LOOK: RunsLook = { ...FIRST_VIEW, metric: "loss", along: "step" };

interface RunCurvesProps {
  names: readonly string[];
  runs: RunRows;
  colours: ReadonlyMap<string, string>;
  look: RunsLook;
  setLook(change: Partial<RunsLook>): void;
  /** Set to where the curves stand. */
  root: RefObject<HTMLElement | null>;
  channel: Channel;
}

/** The metrics that some of the runs have curves of, and the one of them that is looked at. */
export function metricsOf(
  names: readonly string[],
  runs: RunRows,
  look: RunsLook,
): [metrics: string[], chosen: string] {
  const metrics = [...new Set(names.flatMap((name) => runs[name]?.curves ?? []))];
  return [metrics, metrics.includes(look.metric) ? look.metric : (metrics[0] ?? "loss")];
}

export function RunCurves({ names, runs, colours, look, setLook, root, channel }: RunCurvesProps) {
  const [metrics, metric] = metricsOf(names, runs, look);
  const looked = names.map((name) => [name, runs[name] as RunRow] as const);
  const { curves, problem } = useRunCurves(channel, looked, metric);
  if (metrics.length === 0) return <p class="nbt-none">The curves begin with the first step.</p>;
  return (
    <section ref={root} aria-label="Curves">
      <CurveTools view={look} setView={setLook}>
        <Select
          label="Curve"
          options={metrics.map((name) => [name, TITLES[name] ?? name] as const)}
          chosen={metric}
          onChoose={(metric) => setLook({ metric })}
        />
        <Segments
          label="Along"
          options={CHOICES}
          chosen={look.along}
          onChoose={(along) => setLook({ along, range: null })}
        />
      </CurveTools>
      <div class="nbt-charts nbt-run-charts">
        {/* There is no chart of no lines. */}
        {hasPoints(curves) ? (
          <Overlay
            key={look.along}
            title={TITLES[metric] ?? metric}
            curves={curves}
            colours={colours}
            look={look}
            setLook={setLook}
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
  return [...curves.values()].some(({ steps, evals }) => steps.value.length + evals.value.length > 0);
}

interface OverlayProps extends Pick<RunCurvesProps, "colours" | "look" | "setLook"> {
  title: string;
  curves: ReadonlyMap<string, RunCurve>;
}

/** Pixels that are not of the lines: the axis, and a margin. */
const BESIDE_PX = 80;

function Overlay({ title, curves, colours, look, setLook }: OverlayProps) {
  const { smoothing, isLog, range: zoomed, along } = look;
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 640, height: 260 });
  useMeasured(box, setSize);
  const theme = useTheme(box);
  const [at, setAt] = useState<number | null>(null);
  const drawn = [...curves].map(([name, curve]) => ({ name, curve, colour: colours.get(name) ?? "grey" }));
  const parts = [...curves.values()].flatMap(({ steps, evals }) => [steps, evals]);
  const end = Math.max(along === "step" ? 1 : 0, ...parts.map((points) => points[along].at(-1) ?? 0)) || 1;
  const range: Range = zoomed ?? [0, end];
  const most = Math.max(16, size.width - BESIDE_PX);
  const lines = useMemo(
    () =>
      drawn.flatMap(({ name, curve, colour }) =>
        linesOf(curve, along, range, most, smoothing).map((line) => ({ ...line, name, colour })),
      ),
    [...parts, JSON.stringify([...colours]), smoothing, most, ...range],
  );
  const calls = useMemo(
    (): PlotCalls => ({
      point: setAt,
      zoom: ([from, to]) => setLook({ range: [Math.max(0, from), to] }),
      reset: () => setLook({ range: null }),
    }),
    [],
  );
  const way = WAYS[along];
  const shown: Shown = {
    title,
    lines,
    marks: NO_MARKS,
    range,
    isLog,
    ...(way.below && { below: way.below }),
  };
  usePlot(box, shown, size, theme, at, calls);
  const longest = lines.reduce<PlotLine | null>(
    (now, line) => (line.thinned.step.length > (now?.thinned.step.length ?? 0) ? line : now),
    null,
  );
  const walk = useWalk(longest?.thinned.step ?? [], range, at, calls);
  return (
    <figure class="nbt-chart">
      <figcaption aria-live={at === null ? "off" : "polite"}>
        <strong>{title}</strong>
        {at !== null && <span>{way.at(at)}</span>}
        {drawn.map(({ name, curve: { steps, evals }, colour }) => (
          <span key={name} class="nbt-chart-value">
            <i style={{ background: cssColour(colour) }} aria-hidden="true" />
            <bdi>{name}</bdi>
            <Value points={steps} along={along} at={at} name="" />
            <Value points={evals} along={along} at={at} name={steps.value.length > 0 ? "evaluation" : ""} />
          </span>
        ))}
      </figcaption>
      <div
        ref={box}
        class="nbt-plot"
        role="application"
        aria-label={`${title} by ${way.title.toLowerCase()}: the left and right arrow keys go along the lines, 0 shows all`}
        tabindex={0}
        onKeyDown={walk}
      />
    </figure>
  );
}

const NO_MARKS: Shown["marks"] = [];

interface ValueProps {
  points: CurvePoints;
  along: Way;
  at: number | null;
  name: string;
}

/** The value where one points, else the last; nothing behind the end of a curve. */
function Value({ points, along, at, name }: ValueProps) {
  const { [along]: places, value } = points;
  const last = value.length - 1;
  if (last < 0 || (at !== null && at > (places[last] as number))) return null;
  const number = at === null ? last : Math.min(firstFrom(places, at), last);
  return (
    <>
      {name && <span>{name}</span>}
      <b>{exactValue(value[number] as number)}</b>
    </>
  );
}

/** Two lines of a run: by step, smoothed, and by evaluation. */
function linesOf(
  { steps, evals }: RunCurve,
  along: Way,
  [from, to]: Range,
  most: number,
  smoothing: number,
): Omit<PlotLine, "name" | "colour">[] {
  const line = (curve: CurvePoints, weight: number, hasDots: boolean) => {
    const points = { steps: curve[along], values: curve.value };
    // One more on each side, so that the lines go out of sight.
    const start = Math.max(0, firstFrom(points.steps, from) - 1);
    const stop = Math.min(points.values.length, firstFrom(points.steps, to) + 2);
    const thinned = thin(points, new Smoothed(weight).of(points), [start, stop], most);
    return { thinned, isSmooth: weight > 0, hasDots };
  };
  return [
    ...(steps.value.length > 0 ? [line(steps, smoothing, false)] : []),
    ...(evals.value.length > 0 ? [line(evals, 0, true)] : []),
  ];
}

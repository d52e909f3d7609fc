// The curves of a run, all over the same steps: what is pointed at or zoomed into in one is so in all.
import type { ComponentChildren } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { PALETTE } from "../colour";
import type { Kept } from "../rows/answers";
import type { Run } from "../training/run";
import type { Mark, PlotCalls, Range } from "./plot";
import { Toggle } from "./toggle";
import { type Chart, type ChartView, type Source, TrainingChart } from "./trainingchart";
import { FinderChart } from "./trainingfinder";

export const FIRST_VIEW: ChartView = { smoothing: 0.6, isLog: false, range: null };

interface TrainingCurvesProps {
  run: Run;
  view: ChartView;
  setView(change: Partial<ChartView>): void;
  channel: Channel;
  kept: Kept;
}

export function TrainingCurves({ run, view, setView, channel, kept }: TrainingCurvesProps) {
  const [at, setAt] = useState<number | null>(null);
  const { facts, evals } = run;
  const charts = chartsOf(run);
  const whole = useHeld(wholeOf(run));
  const ends = useRef(whole);
  ends.current = whole;
  const marks = useMemo(
    () => marksOf(run, view.range ?? whole),
    [facts.plan, facts.lr_changes, facts.best, evals, view.range, whole[1]],
  );
  const calls = useMemo(
    (): PlotCalls => ({
      point: setAt,
      zoom: (range) => setView({ range: within(range, ends.current) }),
      reset: () => setView({ range: null }),
    }),
    [setView],
  );
  if (charts.length === 0 && !facts.finder)
    return <p class="nbt-none">The curves begin with the first step.</p>;
  return (
    <section aria-label="Curves">
      <CurveTools view={view} setView={setView} />
      <div class="nbt-charts">
        {charts.map((chart) => (
          <TrainingChart
            key={JSON.stringify([chart.key, chart.sources.map(({ key }) => key)])}
            chart={chart}
            run={run}
            view={view}
            whole={whole}
            marks={marks}
            at={at}
            calls={calls}
            channel={channel}
            kept={kept}
          />
        ))}
        {facts.finder && <FinderChart finder={facts.finder} isLog={view.isLog} />}
      </div>
    </section>
  );
}

const MOST_SMOOTH = 0.99;

interface CurveToolsProps extends Pick<TrainingCurvesProps, "view" | "setView"> {
  /** What stands before the others. */
  children?: ComponentChildren;
}

export function CurveTools({ view, setView, children }: CurveToolsProps) {
  const { smoothing, isLog, range } = view;
  return (
    <div class="nbt-tools nbt-curve-tools">
      {children}
      <label class="nbt-slider">
        <span>Smoothing</span>
        <input
          type="range"
          min={0}
          max={MOST_SMOOTH}
          step={0.01}
          value={smoothing}
          onInput={({ currentTarget }) => setView({ smoothing: Number(currentTarget.value) })}
        />
        <output class="nbt-number">{smoothing.toFixed(2)}</output>
      </label>
      <Toggle
        pressed={isLog}
        outlined
        title="Values on a logarithmic scale"
        onToggle={(isLog) => setView({ isLog })}
      >
        Log scale
      </Toggle>
      <button
        type="button"
        class="nbt-button nbt-button-outlined"
        disabled={range === null}
        title="All steps, and those to come"
        onClick={() => setView({ range: null })}
      >
        Reset zoom
      </button>
      <span class="nbt-aside">Drag across a chart to zoom in.</span>
    </div>
  );
}

const CURVES: readonly [key: string, title: string, colour: string, isNoisy: boolean][] = [
  ["lr", "Learning rate", "green", false],
  ["grad_norm", "Gradient norm", "pink", true],
  ["tokens_per_s", "Tokens a second", "teal", true],
];

/** What there is to draw: the loss first, then metrics, then how the training went. */
function chartsOf(run: Run): Chart[] {
  const curves = run.curves;
  const metrics = run.metrics;
  const charts: Chart[] = [];
  const add = (key: string, title: string, sources: Source[], canLog = true) => {
    if (sources.length > 0) charts.push({ key, title, sources, canLog });
  };
  const loss: Source[] = [];
  if (curves.includes("loss")) loss.push(curve("loss", "training", "blue", true));
  if (metrics.includes("loss")) loss.push(metric("loss", "evaluation", "orange"));
  add("loss", "Loss", loss);
  const shares = metrics.filter((name) => name !== "loss" && isShare(run, name));
  const colours = PALETTE.filter((name) => name !== "orange");
  add(
    "shares",
    "Evaluation",
    shares.map((name, at) => metric(name, name, colours[at % colours.length] ?? "blue")),
    false,
  );
  for (const name of metrics.filter((name) => name !== "loss" && !shares.includes(name)))
    add(`metric ${name}`, name, [metric(name, name, "indigo")]);
  for (const [key, title, colour, isNoisy] of CURVES)
    if (curves.includes(key)) add(key, title, [curve(key, title, colour, isNoisy)]);
  return charts;
}

function curve(key: string, name: string, colour: string, isNoisy: boolean): Source {
  return { kind: "curve", key, name, colour, isNoisy };
}

function metric(key: string, name: string, colour: string): Source {
  return { kind: "metric", key, name, colour, isNoisy: false };
}

/** Metrics of one scale share a chart: from 0 to 1, such as accuracy. */
function isShare({ evals }: Run, name: string): boolean {
  return evals.every(({ metrics }) => {
    const value = metrics[name] ?? 0;
    return value >= 0 && value <= 1;
  });
}

function wholeOf(run: Run): Range {
  const curves = run.curves.map((name) => run.curve(name)?.steps);
  const firsts = [...curves.map((steps) => steps?.[0]), run.evals[0]?.step];
  const lasts = [...curves.map((steps) => steps?.at(-1)), run.evals.at(-1)?.step];
  const from = Math.min(...firsts.filter((step) => step !== undefined));
  const to = Math.max(...lasts.filter((step) => step !== undefined));
  if (from > to) return [0, 1];
  return to > from ? [from, to] : [from - 0.5, from + 0.5];
}

/** Less than half a pixel of a wide chart. */
const UNSEEN = 1 / 4_000;

/** All steps, as long as what came since would not be seen: of very many steps, charts are not drawn for each. */
function useHeld(now: Range): Range {
  const held = useRef(now);
  const [from, to] = held.current;
  const grown = now[1] - to;
  if (now[0] !== from || grown < 0 || grown > (to - from) * UNSEEN) held.current = now;
  return held.current;
}

/** No closer than one step, and no further than all. */
function within([from, to]: Range, [first, last]: Range): Range | null {
  const span = Math.max(1, to - from);
  const middle = (from + to) / 2;
  const range = [Math.max(first, middle - span / 2), Math.min(last, middle + span / 2)] as const;
  return range[0] <= first && range[1] >= last ? null : range;
}

/** More lines of epochs than these in sight would be a grid. */
const MOST_EPOCHS = 24;

function marksOf({ facts }: Run, [from, to]: Range): Mark[] {
  const marks: Mark[] = facts.lr_changes.map(({ step, factor }) => ({
    step,
    label: `lr ×${factor === 0.5 ? "½" : Number(factor.toPrecision(3))}`,
    kind: "change",
  }));
  if (facts.best) marks.push({ step: facts.best.step, label: "best", kind: "best" });
  const each = facts.plan?.steps_per_epoch ?? 0;
  if (each > 0) {
    const every = Math.max(1, Math.ceil((to - from) / each / MOST_EPOCHS));
    for (let epoch = Math.max(1, Math.ceil(from / each)); epoch * each <= to; epoch++)
      if (epoch % every === 0) marks.push({ step: epoch * each, label: `epoch ${epoch}`, kind: "epoch" });
  }
  return marks.filter(({ step }) => step >= from && step <= to);
}

// What a search for a learning rate found: the loss at each that was tried, and the one that was chosen.
import { useMemo, useRef, useState } from "preact/hooks";
import { Points } from "../training/points";
import { emptyThinned, Smoothed } from "../training/thin";
import type { Finder } from "../wire/training";
import { exactValue } from "./figures";
import { useTheme } from "./plane";
import type { PlotCalls, Range, Shown } from "./plot";
import { usePlot, useWalk } from "./trainingchart";
import { useMeasured } from "./virtual";

/** As the search has it. */
const SMOOTHING = 0.9;
/** Times the first loss: behind it there is nothing to see. */
const MOST = 1.6;

export function FinderChart({ finder, isLog }: { finder: Finder; isLog: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 420, height: 190 });
  useMeasured(box, setSize);
  const theme = useTheme(box);
  const [at, setAt] = useState<number | null>(null);
  const [zoomed, zoom] = useState<Range | null>(null);
  const calls = useMemo((): PlotCalls => ({ point: setAt, zoom, reset: () => zoom(null) }), []);
  const { thinned, marks, whole, rates } = useMemo(() => read(finder), [JSON.stringify(finder)]);
  const range = zoomed ?? whole;
  const lines = [{ name: "loss", colour: "blue", thinned, isSmooth: true, hasDots: false }];
  const shown: Shown = { title: "Loss by learning rate", lines, marks, range, isLog, rates };
  usePlot(box, shown, size, theme, at, calls);
  const walk = useWalk(thinned.step, range, at, calls);
  const number = at === null ? -1 : nearest(finder, at);
  const [rate, loss] = finder.points[number] ?? [];
  return (
    <figure class="nbt-chart">
      <figcaption aria-live={at === null ? "off" : "polite"}>
        <strong>{shown.title}</strong>
        {rate === undefined ? (
          <span>{finder.chosen === null ? "none was chosen" : `chosen ${exactValue(finder.chosen)}`}</span>
        ) : (
          <span class="nbt-chart-value">
            <b>{exactValue(loss ?? null)}</b>
            <span>{`smoothed ${exactValue(thinned.smooth[number] ?? null)}`}</span>
            <span>{`at ${exactValue(rate)}`}</span>
          </span>
        )}
      </figcaption>
      <div
        ref={box}
        class="nbt-plot"
        role="application"
        aria-label={`${shown.title}: the left and right arrow keys go along the line`}
        tabindex={0}
        onKeyDown={walk}
      />
    </figure>
  );
}

function read({ points, chosen }: Finder) {
  const values = Float32Array.from(points, ([, loss]) => loss ?? Number.NaN);
  const numbers = Uint32Array.from(points.keys());
  const smooth = new Smoothed(SMOOTHING).of(new Points(numbers, values));
  const step = Float64Array.from(points, ([rate]) => rate);
  const marks =
    chosen === null ? [] : [{ step: chosen, label: `chosen ${exactValue(chosen)}`, kind: "best" as const }];
  return {
    thinned: { ...emptyThinned(0), step, low: values, high: values, mean: values, smooth },
    marks,
    whole: [step[0] ?? 1, step.at(-1) ?? 10] as Range,
    rates: { most: MOST * (values.find(Number.isFinite) ?? 1) },
  };
}

/** The number of the rate that is nearest. */
function nearest({ points }: Finder, at: number): number {
  const far = points.map(([rate]) => Math.abs(Math.log(rate / at)));
  return far.indexOf(Math.min(...far));
}

// How the values of a regression spread.
import { useState } from "preact/hooks";
import { cssColour } from "../colour";
import { formatValue, plural } from "../text";
import type { RegressionTotals } from "../wire/classify";
import { walking } from "./walking";

interface HistogramProps {
  totals: RegressionTotals;
  /** More values are to come: their place is kept. */
  partial: boolean;
}

export function Histogram({ totals, partial }: HistogramProps) {
  const { counts, edges, mean, min, max, without_score: missing } = totals;
  const [at, setAt] = useState<number | null>(null);
  if (counts.length === 0 && !partial) return null;
  const highest = Math.max(1, ...counts);
  const words = [
    mean === null ? "" : `mean ${formatValue(mean)}`,
    missing > 0 ? `${plural(missing, "row")} without a score` : "",
  ].filter((part) => part !== "");
  const ends = (column: number) => [edges[column] ?? 0, edges[column + 1] ?? 0] as const;
  return (
    <section class="nbt-histogram" aria-label="Spread of the values">
      <div
        class="nbt-columns"
        role="application"
        aria-label="Rows by their value: the left and right arrow keys go from column to column"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: walked by keys, and said in words below it
        tabIndex={0}
        style={{ "--mean": placeOf(mean, edges) }}
        onKeyDown={walking(at, counts.length, setAt)}
        onPointerLeave={() => setAt(null)}
      >
        {counts.map((count, column) => {
          const [from, to] = ends(column);
          const colour = cssColour((from + to) / 2 < 0 ? "orange" : "blue");
          return (
            <span
              key={from}
              class={column === at ? "nbt-column nbt-column-at" : "nbt-column"}
              style={{ "--share": count / highest, "--colour": colour }}
              onPointerEnter={() => setAt(column)}
            />
          );
        })}
        {mean !== null && <span class="nbt-mean" />}
      </div>
      <div class="nbt-scale">
        <span>{min === null ? "" : formatValue(min)}</span>
        <span aria-live="polite">
          {at === null
            ? words.join(" · ")
            : `${ends(at).map(formatValue).join(" to ")}: ${plural(counts[at] ?? 0, "row")}`}
        </span>
        <span>{max === null ? "" : formatValue(max)}</span>
      </div>
    </section>
  );
}

function placeOf(value: number | null, edges: readonly number[]): number {
  const low = edges[0] ?? 0;
  const high = edges[edges.length - 1] ?? 0;
  return value === null || high <= low ? 0 : (value - low) / (high - low);
}

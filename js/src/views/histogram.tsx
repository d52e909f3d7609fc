// How the values of a regression spread.
import { cssColour } from "../colour";
import { formatValue, plural } from "../text";
import type { RegressionTotals } from "../wire/classify";

interface HistogramProps {
  totals: RegressionTotals;
  /** More values are to come: their place is kept. */
  partial: boolean;
}

export function Histogram({ totals, partial }: HistogramProps) {
  const { counts, edges, mean, min, max, without_score: missing } = totals;
  if (counts.length === 0 && !partial) return null;
  const highest = Math.max(1, ...counts);
  const words = [
    mean === null ? "" : `mean ${formatValue(mean)}`,
    missing > 0 ? `${plural(missing, "row")} without a score` : "",
  ].filter((part) => part !== "");
  return (
    <section class="nbt-histogram" aria-label="Spread of the values">
      <div class="nbt-columns" style={{ "--mean": placeOf(mean, edges) }}>
        {counts.map((count, at) => {
          const from = edges[at] ?? 0;
          const to = edges[at + 1] ?? 0;
          const colour = cssColour((from + to) / 2 < 0 ? "orange" : "blue");
          return (
            <span
              key={from}
              class="nbt-column"
              style={{ "--share": count / highest, "--colour": colour }}
              title={`${formatValue(from)} to ${formatValue(to)}: ${plural(count, "row")}`}
            />
          );
        })}
        {mean !== null && <span class="nbt-mean" />}
      </div>
      <div class="nbt-scale">
        <span>{min === null ? "" : formatValue(min)}</span>
        <span>{words.join(" · ")}</span>
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

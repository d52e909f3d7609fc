// The columns of a classification's table.
import { asFloat32, type ClassifySortKey } from "../query/classify";
import type { ClassifyHeader, ClassifyPage, ClassifyRow, RegressionTotals } from "../wire/classify";
import { ScoreBar, ValueBar } from "./bars";
import { Chips } from "./chip";
import { rankLabels } from "./detail";
import type { Column } from "./grid";
import { indexColumn, NoResult, textColumn } from "./rowcolumns";

type ClassifyColumn = Column<ClassifyRow, ClassifySortKey>;

interface Shape {
  header: ClassifyHeader;
  /** The rows that came with the header. */
  page: ClassifyPage;
  colours: readonly string[];
  /** A label of a multi-label result whose score is shown in place of the best one. */
  scored: number | null;
}

export function columnsOf({ header, page, colours, scored }: Shape): ClassifyColumn[] {
  const index = indexColumn(page, header.rows);
  if (header.problem === "regression")
    return [index, valueColumn(header.totals as RegressionTotals), textColumn];
  return [index, labelColumn(header, colours, scored), scoreColumn(colours, scored), textColumn];
}

function labelColumn(
  header: ClassifyHeader,
  colours: readonly string[],
  scored: number | null,
): ClassifyColumn {
  const { labels, problem, top_k: top } = header;
  const chips = Math.min(3, top ?? (problem === "multi_label" ? 2 : 1));
  const longest = Math.max(5, ...labels.map((label) => label.length));
  const widest = Math.min(chips > 1 ? 40 : 22, chips * (longest + 4) + (chips > 1 ? 4 : 0));
  return {
    key: "label",
    title: chips > 1 ? "Labels" : "Label",
    sort: "label",
    width: `minmax(${Math.min(14, widest)}ch, ${widest}ch)`,
    cell: (row, narrow) => {
      if (row.best < 0) return <NoResult row={row}>no score</NoResult>;
      const shown = labelsOf(row, header, scored);
      if (shown.length === 0) return <span class="nbt-muted">none ≥ {header.threshold}</span>;
      return (
        <Chips names={labels} colours={colours} shown={shown} limit={narrow ? Math.min(2, chips) : chips} />
      );
    },
  };
}

/** The labels that a row is said to have, the most likely first; the one that is filtered by before all. */
function labelsOf(row: ClassifyRow, header: ClassifyHeader, scored: number | null): number[] {
  const { problem, threshold, top_k: top } = header;
  if (top === null && problem !== "multi_label") return [row.best];
  const ranked = rankLabels(row.scores);
  const least = asFloat32(threshold);
  const shown =
    top === null ? ranked.filter((label) => (row.scores[label] ?? 0) >= least) : ranked.slice(0, top);
  return scored === null ? shown : [scored, ...shown.filter((label) => label !== scored)];
}

function scoreColumn(colours: readonly string[], scored: number | null): ClassifyColumn {
  return {
    key: "score",
    title: "Score",
    sort: scored ?? "score",
    width: "132px",
    cell: (row) => {
      if (row.best < 0) return null;
      const label = scored ?? row.best;
      return <ScoreBar score={row.scores[label] ?? 0} colour={colours[label] ?? "grey"} />;
    },
  };
}

function valueColumn(totals: RegressionTotals): ClassifyColumn {
  return {
    key: "score",
    title: "Value",
    sort: "score",
    width: "190px",
    cell: (row) => {
      if (row.best < 0) return <NoResult row={row}>no score</NoResult>;
      return <ValueBar value={row.scores[0] ?? 0} min={totals.min ?? 0} max={totals.max ?? 0} />;
    },
  };
}

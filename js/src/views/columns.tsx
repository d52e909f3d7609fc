// The columns of a classification's table.
import { asFloat32, type ClassifySortKey } from "../query/classify";
import { oneLine } from "../text";
import type { ClassifyHeader, ClassifyPage, ClassifyRow, RegressionTotals } from "../wire/classify";
import type { Page } from "../wire/sections";
import { ScoreBar, ValueBar } from "./bars";
import { Chips } from "./chip";
import { rankLabels } from "./detail";
import type { Column } from "./grid";

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
  const index: ClassifyColumn = {
    key: "index",
    title: "Row",
    sort: "row",
    width: `${indexWidth(page, header.rows)}ch`,
    cell: (row) => (
      <span class="nbt-number" title={row.index}>
        <bdi>{row.index}</bdi>
      </span>
    ),
  };
  const text: ClassifyColumn = {
    key: "text",
    title: "Text",
    sort: "text",
    width: "minmax(18ch, 1fr)",
    cell: textCell,
  };
  if (header.problem === "regression") return [index, valueColumn(header.totals as RegressionTotals), text];
  return [index, labelColumn(header, colours, scored), scoreColumn(colours, scored), text];
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
      if (row.best < 0) return <Unscored row={row} />;
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
      if (row.best < 0) return <Unscored row={row} />;
      return <ValueBar value={row.scores[0] ?? 0} min={totals.min ?? 0} max={totals.max ?? 0} />;
    },
  };
}

function Unscored({ row }: { row: ClassifyRow }) {
  if (row.pending) return <span class="nbt-pending">waiting…</span>;
  return (
    <span class="nbt-muted" title={row.reason ?? undefined}>
      {row.reason ?? "no score"}
    </span>
  );
}

function textCell(row: ClassifyRow) {
  if (row.text === "") return <span class="nbt-muted">{row.best < 0 ? "" : "empty text"}</span>;
  return (
    <span class="nbt-text" dir="auto">
      {oneLine(row.text)}
    </span>
  );
}

/** So many rows tell how long an index is. */
const MEASURED = 100;

/** Room for the longest index in sight, and for the last row's number, in characters. */
export function indexWidth(page: Page<unknown>, rows: number): number {
  let longest = String(rows - 1).length;
  for (let at = 0; at < Math.min(page.count, MEASURED); at++) {
    longest = Math.max(longest, page.index(at).length);
  }
  return Math.min(22, Math.max(4, longest)) + 3;
}

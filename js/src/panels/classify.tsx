// The result of a classification: totals, a table that filters and sorts, and one row in full.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { labelColours } from "../colour";
import {
  type ClassifyQuery,
  type ClassifySortKey,
  EVERYTHING,
  type LabelFilter,
  select,
} from "../query/classify";
import { columnsOf } from "../views/columns";
import { Detail } from "../views/detail";
import { Histogram } from "../views/histogram";
import { Totals } from "../views/totals";
import {
  type ClassifyHeader,
  ClassifyPage,
  type ClassifyRow,
  classifyHeader,
  type RegressionTotals,
} from "../wire/classify";
import type { ResultProps } from "./panel";
import { OneOrMany, Result, type Rows, type RowsKind, RowTable, useRows, useTable } from "./rowtable";

type ClassifyRows = Rows<ClassifyRow, ClassifyQuery, ClassifyPage, ClassifyHeader>;

const KIND: RowsKind<ClassifyRow, ClassifyQuery, ClassifyPage, ClassifyHeader> = {
  header: classifyHeader,
  read: ClassifyPage.read,
  everything: EVERYTHING,
  select,
};

export function ClassifyPanel(props: ResultProps) {
  const rows = useRows(props, KIND);
  const { header, fullText } = rows;
  const labels = JSON.stringify(header.labels);
  const colours = useMemo(() => labelColours(header.labels), [labels]);
  const detail = (row: ClassifyRow, onClose: (() => void) | null) => (
    <Detail
      row={row}
      names={header.labels}
      colours={colours}
      regression={header.problem === "regression"}
      fullText={fullText}
      onClose={onClose}
    />
  );
  return (
    <Result rows={rows}>
      <OneOrMany
        rows={rows}
        one={(row) => detail(row, null)}
        many={() => <ManyRows key={shapeOf(header)} rows={rows} colours={colours} detail={detail} />}
      />
    </Result>
  );
}

/** A filter or a sort is kept when the result is refreshed, and dropped when its labels are others. */
function shapeOf({ problem, labels }: ClassifyHeader): string {
  return JSON.stringify([problem, labels]);
}

interface ManyRowsProps {
  rows: ClassifyRows;
  colours: readonly string[];
  detail(row: ClassifyRow, close: () => void): ComponentChildren;
}

function ManyRows({ rows, colours, detail }: ManyRowsProps) {
  const { header, page } = rows;
  const table = useTable(rows, EVERYTHING);
  const { query, ask } = table;
  const scored = header.problem === "multi_label" && typeof query.label === "number" ? query.label : null;
  const columns = useMemo(
    () => columnsOf({ header, page, colours, scored }),
    [header, page, colours, scored],
  );
  const filterBy = (label: LabelFilter) => {
    const byScore = query.sort.by === "score" || typeof query.sort.by === "number";
    const number = header.problem === "multi_label" && typeof label === "number" ? label : null;
    const by: ClassifySortKey = byScore ? (number ?? "score") : query.sort.by;
    ask({ label, sort: { ...query.sort, by } });
  };
  return (
    <>
      {header.problem === "regression" ? (
        <Histogram totals={header.totals as RegressionTotals} partial={header.partial === true} />
      ) : (
        <Totals
          names={header.labels}
          colours={colours}
          counts={header.totals.counts}
          withoutScore={header.totals.without_score}
          rows={header.rows}
          done={header.done ?? header.rows}
          parts={header.problem === "single_label"}
          filter={query.label}
          onFilter={filterBy}
        />
      )}
      <RowTable
        rows={rows}
        table={table}
        label={`Results of ${header.title}`}
        columns={columns}
        each="text"
        filter={filterChip(query.label, header, colours)}
        onClear={() => filterBy(null)}
        detail={detail}
      />
    </>
  );
}

function filterChip(filter: LabelFilter, header: ClassifyHeader, colours: readonly string[]) {
  if (filter === null) return null;
  if (filter === "without_score") return { name: "no score", colour: "none" };
  return { name: header.labels[filter] ?? String(filter), colour: colours[filter] ?? "grey" };
}

// The answers to some questions: a table that filters and sorts, and one question in full.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { type AnswerQuery, EVERYTHING, select } from "../query/answer";
import type { LabelFilter } from "../query/classify";
import { oneLine } from "../text";
import { AnswerDetail } from "../views/answerdetail";
import { ScoreBar } from "../views/bars";
import type { Column } from "../views/grid";
import { indexColumn, NoResult, textColumn } from "../views/rowcolumns";
import { Totals } from "../views/totals";
import { type AnswerHeader, AnswerPage, type AnswerRow, answerHeader } from "../wire/answer";
import type { ResultProps } from "./panel";
import { OneOrMany, Result, type Rows, type RowsKind, RowTable, useRows, useTable } from "./rowtable";

type AnswerRows = Rows<AnswerRow, AnswerQuery, AnswerPage, AnswerHeader>;

const KIND: RowsKind<AnswerRow, AnswerQuery, AnswerPage, AnswerHeader> = {
  header: answerHeader,
  read: AnswerPage.read,
  everything: EVERYTHING,
  select,
};

export function AnswerPanel(props: ResultProps) {
  const rows = useRows(props, KIND);
  const detail = (row: AnswerRow, onClose: (() => void) | null) => (
    <AnswerDetail key={row.position} row={row} channel={rows.channel} onClose={onClose} />
  );
  return (
    <Result rows={rows}>
      <OneOrMany
        rows={rows}
        one={(row) => detail(row, null)}
        many={() => <ManyRows rows={rows} detail={detail} />}
      />
    </Result>
  );
}

const NAMES = ["answered", "no answer"];
const COLOURS = ["blue", "grey"];

interface ManyRowsProps {
  rows: AnswerRows;
  detail(row: AnswerRow, close: () => void): ComponentChildren;
}

function ManyRows({ rows, detail }: ManyRowsProps) {
  const { header, page } = rows;
  const table = useTable(rows, EVERYTHING);
  const { label } = table.query;
  const columns = useMemo(() => columnsOf(page, header), [page, header]);
  const filterBy = (label: LabelFilter) => table.ask({ label });
  const { counts, without_score: withoutScore } = header.totals;
  return (
    <>
      {header.question !== null && (
        <p class="nbt-question nbt-question-of-all" dir="auto">
          {header.question}
        </p>
      )}
      {(counts[1] || withoutScore > 0) && (
        <Totals
          names={NAMES}
          colours={COLOURS}
          counts={counts}
          withoutScore={withoutScore}
          rows={header.rows}
          done={header.done ?? header.rows}
          parts
          filter={label}
          onFilter={filterBy}
        />
      )}
      <RowTable
        rows={rows}
        table={table}
        label={`Answers of ${header.title}`}
        columns={columns}
        each="answer"
        filter={label === null ? null : { name: nameOf(label), colour: "none" }}
        onClear={() => filterBy(null)}
        detail={detail}
      />
    </>
  );
}

function nameOf(label: number | "without_score"): string {
  return label === "without_score" ? "no score" : (NAMES[label] ?? "");
}

function columnsOf(
  page: AnswerPage,
  { rows, question }: AnswerHeader,
): Column<AnswerRow, "row" | "text" | "score">[] {
  return [
    indexColumn(page, rows),
    { ...textColumn, title: question === null ? "Question" : "Context" },
    {
      key: "label",
      title: "Answer",
      sort: "score",
      width: "minmax(14ch, 1fr)",
      cell: (row) => {
        const [best] = row.answers;
        if (!best) return <NoResult row={row} />;
        if (!best.text) return <span class="nbt-muted">no answer</span>;
        return (
          <strong class="nbt-text" dir="auto">
            {oneLine(best.text)}
          </strong>
        );
      },
    },
    {
      key: "score",
      title: "Score",
      sort: "score",
      width: "minmax(8ch, 14ch)",
      cell: ({ answers: [best] }) =>
        best && <ScoreBar score={best.score} colour={best.text ? "blue" : "grey"} />,
    },
  ];
}

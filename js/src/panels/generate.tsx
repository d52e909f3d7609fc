// Generated texts: one prompt as it is written on, or a table of them.
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { EVERYTHING, type GenerateQuery, type GenerateSortKey, select } from "../query/generate";
import { formatCount } from "../text";
import { ScoreBar } from "../views/bars";
import type { Column } from "../views/grid";
import { indexColumn, NoResult, TextLine, textColumn } from "../views/rowcolumns";
import { StopButton } from "../views/stop";
import { namesOf, WrittenRow } from "../views/written";
import {
  type GenerateHeader,
  GeneratePage,
  type GenerateRow,
  generateHeader,
  writtenText,
} from "../wire/generate";
import type { ResultProps } from "./panel";
import { OneOrMany, Result, type Rows, type RowsKind, RowTable, useRows, useTable } from "./rowtable";

type GenerateRows = Rows<GenerateRow, GenerateQuery, GeneratePage, GenerateHeader>;

const KIND: RowsKind<GenerateRow, GenerateQuery, GeneratePage, GenerateHeader> = {
  header: generateHeader,
  read: GeneratePage.read,
  everything: EVERYTHING,
  select,
};

export function GeneratePanel(props: ResultProps) {
  const rows = useRows(props, KIND);
  const { header, channel, fullText, progress } = rows;
  const [shading, setShading] = useState(true);
  const single = header.rows === 1;
  const stop = header.partial && props.progress?.stop && <StopButton stop={props.stop} />;
  const detail = (row: GenerateRow, onClose: (() => void) | null) => (
    <WrittenRow
      row={row}
      header={header}
      channel={channel}
      fullText={fullText}
      shading={shading}
      onShading={setShading}
      running={props.progress !== null}
      stop={single && stop}
      onClose={onClose}
    />
  );
  return (
    // One text shows for itself how far it is.
    <Result rows={{ header, progress: single ? null : progress }}>
      {!single && stop && <div class="nbt-written-foot nbt-written-bar">{stop}</div>}
      <OneOrMany
        rows={rows}
        one={(row) => detail(row, null)}
        many={() => <ManyRows rows={rows} detail={detail} />}
      />
    </Result>
  );
}

interface ManyRowsProps {
  rows: GenerateRows;
  detail(row: GenerateRow, close: () => void): ComponentChildren;
}

function ManyRows({ rows, detail }: ManyRowsProps) {
  const { header, page } = rows;
  const table = useTable(rows, EVERYTHING);
  const columns = useMemo(() => columnsOf(header, page), [header, page]);
  return (
    <RowTable
      rows={rows}
      table={table}
      label={`Written by ${header.title}`}
      columns={columns}
      each="text"
      detail={detail}
      below
    />
  );
}

function columnsOf(header: GenerateHeader, page: GeneratePage): Column<GenerateRow, GenerateSortKey>[] {
  return [
    { ...indexColumn(page, header.rows), narrowWidth: "" },
    {
      ...textColumn,
      key: "label",
      title: namesOf(header)[0],
      width: "minmax(12ch, 2fr)",
      narrowWidth: "minmax(0, 1fr)",
    },
    {
      key: "text",
      title: namesOf(header)[1],
      sort: "written",
      width: "minmax(16ch, 3fr)",
      narrowWidth: "",
      cell: (row) =>
        row.reason !== null || row.tokens === 0 ? (
          <NoResult row={row}>nothing</NoResult>
        ) : (
          <TextLine text={writtenText(row).trim()} />
        ),
    },
    {
      key: "tokens",
      title: "Tokens",
      sort: "tokens",
      width: "9ch",
      narrowWidth: "74px",
      cell: ({ tokens, ending }) => (
        <span class="nbt-number" title={header.endings[ending]}>
          {formatCount(tokens)}
        </span>
      ),
    },
    {
      key: "score",
      title: "Probability",
      sort: "mean",
      width: "118px",
      narrowWidth: "96px",
      cell: ({ mean, tokens }) => tokens > 0 && <ScoreBar score={mean} colour="blue" />,
    },
    {
      key: "ending",
      title: "Ended",
      sort: "ending",
      width: "minmax(10ch, 1fr)",
      narrowWidth: "",
      cell: ({ ending }) => (
        <span class="nbt-muted" title={header.endings[ending]}>
          {header.endings[ending]}
        </span>
      ),
    },
  ];
}

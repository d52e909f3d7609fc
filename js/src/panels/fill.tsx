// Filled masks: a table of the filled texts, and one text with the alternatives of each of its masks.
import { useMemo, useState } from "preact/hooks";
import { EVERYTHING, type FillQuery, select } from "../query/fill";
import { CodePoints } from "../tokens/codepoints";
import { ScoreBar } from "../views/bars";
import type { Column } from "../views/grid";
import { indexColumn, NoResult, TextLine, textColumn } from "../views/rowcolumns";
import { DetailFrame, TextInFull, useFullText } from "../views/rowdetail";
import { type FillHeader, FillPage, type FillRow, fillHeader, type Mask } from "../wire/fill";
import type { ResultProps } from "./panel";
import { OneOrMany, Result, type Rows, type RowsKind, RowTable, useRows, useTable } from "./rowtable";

type FillRows = Rows<FillRow, FillQuery, FillPage, FillHeader>;

const KIND: RowsKind<FillRow, FillQuery, FillPage, FillHeader> = {
  header: fillHeader,
  read: FillPage.read,
  everything: EVERYTHING,
  select,
};

export function FillPanel(props: ResultProps) {
  const rows = useRows(props, KIND);
  return (
    <Result rows={rows}>
      <OneOrMany
        rows={rows}
        one={(row) => <Detail row={row} rows={rows} onClose={null} />}
        many={() => <ManyRows rows={rows} />}
      />
    </Result>
  );
}

function ManyRows({ rows }: { rows: FillRows }) {
  const { header, page } = rows;
  const table = useTable(rows, EVERYTHING);
  const columns = useMemo(() => columnsOf(page, header), [page, header]);
  return (
    <RowTable
      rows={rows}
      table={table}
      label={`Fillings of ${header.title}`}
      columns={columns}
      each="filling"
      detail={(row, close) => <Detail key={row.position} row={row} rows={rows} onClose={close} />}
    />
  );
}

function columnsOf(page: FillPage, { rows }: FillHeader): Column<FillRow, "row" | "text" | "score">[] {
  return [
    indexColumn(page, rows),
    {
      key: "label",
      title: "Fillings",
      sort: "score",
      width: "minmax(10ch, 0.4fr)",
      cell: (row) =>
        row.masks.length > 0 ? (
          <strong class="nbt-text" dir="auto">
            {row.masks.map(({ fillings: [best] }) => best?.word).join(" · ")}
          </strong>
        ) : (
          <NoResult row={row} />
        ),
    },
    {
      key: "score",
      title: "Score",
      sort: "score",
      width: "minmax(8ch, 14ch)",
      cell: ({ masks: [mask] }) =>
        mask?.fillings[0] && <ScoreBar score={mask.fillings[0].probability} colour="blue" />,
    },
    { ...textColumn, cell: (row) => <TextLine text={row.filled || row.text} /> },
  ];
}

/** More fillings than so many are for a DataFrame. */
const MOST = 50;

interface DetailProps {
  row: FillRow;
  rows: FillRows;
  onClose: (() => void) | null;
}

/** The text with a chip for each mask; the mask that is pressed shows its fillings below. */
function Detail({ row, rows, onClose }: DetailProps) {
  const [wished, setMask] = useState(0);
  const full = useFullText(row, rows.fullText);
  const points = useMemo(() => new CodePoints(full.text), [full.text]);
  const open = Math.min(wished, row.masks.length - 1);
  const mask = row.masks[open];
  return (
    <DetailFrame row={row} onClose={onClose}>
      <TextInFull row={row} full={full}>
        {mask && <Masked points={points} masks={row.masks} open={open} onOpen={setMask} />}
      </TextInFull>
      {mask ? (
        <ul class="nbt-labels">
          {mask.fillings.slice(0, MOST).map(({ word, probability }, rank) => (
            <li key={rank}>
              <span class="nbt-labels-name" title={word}>
                <bdi>{word}</bdi>
              </span>
              <ScoreBar score={probability} colour="blue" />
            </li>
          ))}
        </ul>
      ) : (
        row.text !== "" && <NoResult row={row} />
      )}
    </DetailFrame>
  );
}

interface MaskedProps {
  points: CodePoints;
  masks: readonly Mask[];
  open: number;
  onOpen(mask: number): void;
}

function Masked({ points, masks, open, onOpen }: MaskedProps) {
  let at = 0;
  // What is clipped has no masks behind its end.
  const here = masks.filter(({ end }) => end <= points.last);
  const parts = here.flatMap(({ start, end, fillings: [best] }, number) => {
    const before = points.slice(at, start);
    at = end;
    return [
      before,
      <button
        type="button"
        key={number}
        class="nbt-mask"
        aria-pressed={number === open}
        title={points.slice(start, end)}
        onClick={() => onOpen(number)}
      >
        <bdi>{best?.word}</bdi>
      </button>,
    ];
  });
  return [...parts, points.slice(at, points.last)];
}

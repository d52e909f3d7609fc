// The result of a tokenization: the tokenizers in numbers, the texts as tokens, and the batch they would make.
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { EVERYTHING, select, type TokenizeQuery } from "../query/tokenize";
import { Batches } from "../views/batch";
import type { Look } from "../views/block";
import { CompareTable, Figures } from "../views/compare";
import { Inspector } from "../views/inspector";
import { LookBar } from "../views/lookbar";
import { narrowBelow, tokenColumns } from "../views/tokencolumns";
import { type TokenizeHeader, TokenPage, type TokenRow, tokenizeHeader } from "../wire/tokenize";
import type { ResultProps } from "./panel";
import { OneOrMany, Result, type Rows, type RowsKind, RowTable, useRows, useTable } from "./rowtable";

type TokenRows = Rows<TokenRow, TokenizeQuery, TokenPage, TokenizeHeader>;

const KIND: RowsKind<TokenRow, TokenizeQuery, TokenPage, TokenizeHeader> = {
  header: tokenizeHeader,
  read: TokenPage.read,
  everything: EVERYTHING,
  select,
};

export function TokenizePanel(props: ResultProps) {
  const rows = useRows(props, KIND);
  const { header, channel } = rows;
  const { tokenizers } = header;
  const [first] = tokenizers;
  const [look, setLook] = useState<Look>("text");
  const [marks, setMarks] = useState(true);
  const bar = <LookBar look={look} marks={marks} onLook={setLook} onMarks={setMarks} />;
  const shared = { tokenizers, channel, look, marks, bar };
  const detail = (row: TokenRow, onClose: (() => void) | null) => (
    <Inspector key={row.position} row={row} onClose={onClose} {...shared} />
  );
  return (
    <Result rows={rows}>
      {tokenizers.length > 1 ? (
        <CompareTable tokenizers={tokenizers} />
      ) : (
        first && header.rows > 0 && <Figures tokenizer={first} />
      )}
      <OneOrMany
        rows={rows}
        one={(row) => detail(row, null)}
        many={() => <ManyTexts key={shapeOf(header)} rows={rows} detail={detail} />}
      />
      {header.rows > 1 && <Batches tokenizers={tokenizers} />}
    </Result>
  );
}

/** A search or a sort is kept when the result is refreshed, and dropped when its tokenizers are others. */
function shapeOf({ tokenizers }: TokenizeHeader): string {
  return JSON.stringify(tokenizers.map(({ name }) => name));
}

interface ManyTextsProps {
  rows: TokenRows;
  detail(row: TokenRow, close: () => void): ComponentChildren;
}

function ManyTexts({ rows, detail }: ManyTextsProps) {
  const { header, page } = rows;
  const table = useTable(rows, EVERYTHING);
  const columns = useMemo(() => tokenColumns(header, page), [header, page]);
  return (
    <RowTable
      rows={rows}
      table={table}
      label={`Texts, cut by ${header.title}`}
      columns={columns}
      narrowBelow={narrowBelow(header, page)}
      each="token"
      detail={detail}
      below
    />
  );
}

// The columns of a tokenization's table.
import type { TokenizeSortKey } from "../query/tokenize";
import { formatCount, oneLine } from "../text";
import { CodePoints } from "../tokens/codepoints";
import { segmentsOf } from "../tokens/segments";
import type { TokenizeHeader, TokenPage, TokenRow } from "../wire/tokenize";
import { classOf } from "./block";
import type { Column } from "./grid";
import { indexColumn, indexWidth, NoResult, TextLine, textColumn } from "./rowcolumns";
import { TokenBar } from "./tokenbar";

const COUNT_PX = 92;
const WIDE_COUNT_PX = 132;
/** Less than this is too little of a text. */
const TEXT_PX = 200;
const GAP_PX = 16;
const DIGIT_PX = 7.5;
/** The row's padding, the mark of a selected row, and the gaps beside it and the row's number. */
const AROUND_PX = 76;

type TokenColumn = Column<TokenRow, TokenizeSortKey>;

export function tokenColumns(header: TokenizeHeader, page: TokenPage): TokenColumn[] {
  const { tokenizers, rows } = header;
  // Where no model has a limit, the longest text in sight is the measure.
  const most = tokenizers.some(({ limit }) => limit) ? 0 : mostTokens(page, tokenizers.length);
  const counts = tokenizers.map(({ name, limit }, number): TokenColumn => {
    const sort: TokenizeSortKey = `tokens${number}`;
    return {
      key: sort,
      title: tokenizers.length > 1 ? name : "Tokens",
      sort,
      width: tokenizers.length > 2 ? `minmax(${COUNT_PX}px, 116px)` : `${WIDE_COUNT_PX}px`,
      narrowWidth: "minmax(0, 1fr)",
      cell: (row, narrow) => countCell(row, number, narrow && tokenizers.length > 1 ? null : { limit, most }),
    };
  });
  const text: TokenColumn = { ...textColumn, narrowWidth: "52px", cell: (row) => <TokenLine row={row} /> };
  return [indexColumn(page, rows), ...counts, text];
}

/** The width up to which the text would have too little room beside the counts, in pixels. */
export function narrowBelow({ tokenizers, rows }: TokenizeHeader, page: TokenPage): number {
  const several = tokenizers.length;
  const counts = several * ((several > 2 ? COUNT_PX : WIDE_COUNT_PX) + GAP_PX);
  return AROUND_PX + indexWidth(page, rows) * DIGIT_PX + counts + TEXT_PX;
}

/** What the bar of a count is measured by. */
interface Measure {
  limit: number | null;
  most: number;
}

/** Without a measure, the number alone. */
function countCell(row: TokenRow, number: number, measure: Measure | null) {
  const tokenized = row.tokenized[number];
  if (row.pending || row.reason !== null || !tokenized) {
    if (number > 0) return null;
    return <NoResult row={row} />;
  }
  const { count, cut } = tokenized;
  return (
    <span class="nbt-tokens-count" title={cut > 0 ? `${formatCount(cut)} cut` : undefined}>
      {measure && <TokenBar count={count} cut={cut} {...measure} />}
      <span class={cut > 0 ? "nbt-number nbt-over" : "nbt-number"}>{formatCount(count)}</span>
    </span>
  );
}

/** So many tokens of a row are drawn on its line: more than fit on any. */
const LINE_TOKENS = 120;

/** The beginning of a text on one line, cut as the first tokenizer cuts it. */
function TokenLine({ row }: { row: TokenRow }) {
  if (row.text === "") return <span class="nbt-muted">{row.reason === null ? "empty text" : ""}</span>;
  const tokenized = row.tokenized[0];
  if (row.pending || row.reason !== null || !tokenized) {
    return <TextLine text={row.text} />;
  }
  const text = new CodePoints(row.text);
  const tokens = tokenized.tokens.slice(0, LINE_TOKENS);
  const segments = segmentsOf([{ tokens, first: 0, text }], null, null, null);
  return (
    <span class="nbt-text nbt-line" dir="auto">
      {segments.map((segment, at) => {
        switch (segment.kind) {
          case "gap":
            return oneLine(segment.text);
          case "group":
            return (
              <span key={at} class={classOf(segment)}>
                {oneLine(segment.text)}
              </span>
            );
          default:
            return null;
        }
      })}
    </span>
  );
}

/** So many rows tell how long a text is. */
const MEASURED = 100;

function mostTokens(page: TokenPage, tokenizers: number): number {
  let most = 0;
  for (let at = 0; at < Math.min(page.count, MEASURED); at++) {
    for (let number = 0; number < tokenizers; number++) most = Math.max(most, page.tokenCount(at, number));
  }
  return most;
}

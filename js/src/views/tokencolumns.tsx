// The columns of a tokenization's table.
import type { TokenizeSortKey } from "../query/tokenize";
import { formatCount, oneLine } from "../text";
import { CodePoints } from "../tokens/codepoints";
import { segmentsOf } from "../tokens/segments";
import type { TokenizeHeader, TokenPage, TokenRow } from "../wire/tokenize";
import { classOf } from "./block";
import { indexWidth } from "./columns";
import type { Column } from "./grid";
import { TokenBar } from "./tokenbar";

type TokenColumn = Column<TokenRow, TokenizeSortKey>;

export function tokenColumns(header: TokenizeHeader, page: TokenPage): TokenColumn[] {
  const { tokenizers, rows } = header;
  const index: TokenColumn = {
    key: "index",
    title: "Row",
    sort: "row",
    width: `${indexWidth(page, rows)}ch`,
    cell: (row) => (
      <span class="nbt-number" title={row.index}>
        <bdi>{row.index}</bdi>
      </span>
    ),
  };
  // Where no model has a limit, the longest text in sight is the measure.
  const most = tokenizers.some(({ limit }) => limit) ? 0 : mostTokens(page, tokenizers.length);
  const counts = tokenizers.map(({ name, limit }, number): TokenColumn => {
    const sort: TokenizeSortKey = `tokens${number}`;
    return {
      key: sort,
      title: tokenizers.length > 1 ? name : "Tokens",
      sort,
      width: tokenizers.length > 2 ? "minmax(92px, 116px)" : "132px",
      cell: (row) => countCell(row, number, limit, most),
    };
  });
  const text: TokenColumn = {
    key: "text",
    title: "Text",
    sort: "text",
    width: "minmax(18ch, 1fr)",
    cell: (row) => <TokenLine row={row} />,
  };
  return [index, ...counts, text];
}

function countCell(row: TokenRow, number: number, limit: number | null, most: number) {
  const tokenized = row.tokenized[number];
  if (row.pending || row.reason !== null || !tokenized) {
    if (number > 0) return null;
    if (row.pending) return <span class="nbt-pending">waiting…</span>;
    return (
      <span class="nbt-muted" title={row.reason ?? undefined}>
        {row.reason}
      </span>
    );
  }
  const { count, cut } = tokenized;
  return (
    <span class="nbt-tokens-count" title={cut > 0 ? `${formatCount(cut)} cut` : undefined}>
      <TokenBar count={count} cut={cut} limit={limit} most={most} />
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
    return (
      <span class="nbt-text" dir="auto">
        {oneLine(row.text)}
      </span>
    );
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

// The columns that every table of texts has: the row's name and its text.
import type { ComponentChildren } from "preact";
import { oneLine } from "../text";
import type { Page } from "../wire/sections";
import type { TextRow } from "../wire/texts";
import type { Column } from "./grid";

/** `page` holds the first of `rows` rows: they tell how wide the names are. */
export function indexColumn(page: Page<unknown>, rows: number): Column<TextRow, "row"> {
  return {
    key: "index",
    title: "Row",
    sort: "row",
    width: `${indexWidth(page, rows)}ch`,
    cell: ({ index }) => (
      <span class="nbt-number" title={index}>
        <bdi>{index}</bdi>
      </span>
    ),
  };
}

export const textColumn: Column<TextRow, "text"> = {
  key: "text",
  title: "Text",
  sort: "text",
  width: "minmax(18ch, 1fr)",
  cell: ({ text, reason, pending }) =>
    text === "" ? (
      <span class="nbt-muted">{reason !== null || pending ? "" : "empty text"}</span>
    ) : (
      <TextLine text={text} />
    ),
};

export function TextLine({ text }: { text: string }) {
  return (
    <span class="nbt-text" dir="auto">
      {oneLine(text)}
    </span>
  );
}

/** What stands in the place of a row's result where it has none: it is waited for, or there is a reason. */
export function NoResult({ row, children = null }: { row: TextRow; children?: ComponentChildren }) {
  if (row.pending) return <span class="nbt-pending">waiting…</span>;
  return (
    <span class="nbt-muted" title={row.reason ?? undefined}>
      {row.reason ?? children}
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

// The cell that uses a model once, as the reader has it: pinned, allowed, into a language.
import type { CellParts } from "../wire/models";

export interface CellWish {
  isPinned: boolean;
  /** The options that the reader has allowed. */
  allowed: readonly string[];
  /** The language that is translated into; empty is as the model has it. */
  target: string;
}

export function cellOf(cell: CellParts, { isPinned, allowed, target }: CellWish): string {
  const into = cell.target === null ? "" : target.trim();
  const line = [
    cell.magic,
    `--model ${(isPinned ? cell.pinned : null) ?? cell.model}`,
    ...allowed.map((option) => `--${option}`),
    ...(into ? [`--target ${quoted(into)}`] : []),
  ];
  return `${line.join(" ")}\n${cell.text}`;
}

/** As one word of a line: "Simplified Chinese" has two. */
function quoted(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `"${text.replace(/["\\\n\r]/g, "")}"`;
}

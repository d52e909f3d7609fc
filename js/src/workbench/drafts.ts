// What is filled in on the workbench of a cell, in this tab of the browser: it outlives the kernel.
import type { Filled } from "./filled";

const nameOf = (cell: string) => `nbt-workbench-${cell}`;

/** Nothing where the host tells no cells, or lets a page keep nothing. */
export function draftOf(cell: string | null): Filled | null {
  if (cell === null) return null;
  try {
    return JSON.parse(sessionStorage.getItem(nameOf(cell)) ?? "null");
  } catch {
    return null;
  }
}

export function keepDraft(cell: string | null, filled: Filled): void {
  if (cell === null) return;
  try {
    sessionStorage.setItem(nameOf(cell), JSON.stringify(filled));
  } catch {
    // There is no room, or the host forbids it: the kernel keeps it all the same.
  }
}

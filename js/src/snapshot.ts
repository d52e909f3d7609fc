// Every panel has a static twin in the notebook, for readers without a kernel. While the panel lives, it hides.

/** The nearest element that holds all outputs of the cell: Jupyter's, VS Code's, marimo's. Unknown hosts: the page. */
const CELL = ".jp-Cell, .cell_container, .cell, marimo-cell, [data-cell-id]";

/** Hide the snapshots of one panel in its cell, those that come later too; returns the way to show them again. */
export function hideSnapshots(el: HTMLElement, panelId: string): () => void {
  if (!/^\S+$/.test(panelId)) return () => {};
  const hidden = new Map<HTMLElement, string>();
  const cell = el.closest(CELL) ?? el.ownerDocument.body;
  const snapshots = cell.getElementsByClassName(`nbt-snapshot-${panelId}`);
  const hide = () => {
    for (const snapshot of snapshots) {
      const target = outputOf(snapshot as HTMLElement, el);
      if (hidden.has(target) && target.style.display === "none") continue;
      if (!hidden.has(target)) hidden.set(target, target.style.display);
      target.style.setProperty("display", "none", "important");
    }
  };
  hide();
  const observer = new MutationObserver(hide);
  observer.observe(cell, { childList: true, subtree: true });
  return () => {
    observer.disconnect();
    for (const [target, display] of hidden) target.style.display = display;
  };
}

/** The whole output, prompt and all, unless the panel itself stands in it. */
function outputOf(snapshot: HTMLElement, el: HTMLElement): HTMLElement {
  const output = snapshot.closest<HTMLElement>(".jp-OutputArea-child");
  return output && !output.contains(el) ? output : snapshot;
}

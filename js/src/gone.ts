// What the kernel is told of a panel's views: that the page has taken it up, so that the kernel may take it away again,
// and that the reader has deleted or cleared its cell, so that the kernel can let go of it.
import { isConnected, left, viewed, viewsOf } from "./connection";
import type { Host } from "./host";

/** What holds all cells. Where there is nothing of the kind, nothing is ever told: VS Code, a page of its own. */
const NOTEBOOK = ".jp-Notebook, .notebook, marimo-app";

/** Cells are moved, and outputs drawn anew, by a new view a moment after the old one has ended. */
const PATIENCE_MS = 1_000;

/**
 * Follow one view of a panel to its end; returns what to call then. A notebook that is closed, hidden or reloaded
 * takes its views with it, and their panels live on; only where it still stands on the page was it the reader.
 */
export function follow(host: Host, root: HTMLElement): () => void {
  const { panelId } = host;
  viewed(panelId);
  if (isConnected(panelId)) host.send({ type: "taken" });
  let notebook: Element | null = null;
  const place = () => {
    notebook = root.closest(NOTEBOOK) ?? notebook;
  };
  place();
  // When the view has a size it is in its place, which not every host gives it before it is drawn; in a tab that is
  // never looked at it has none.
  const placed = new ResizeObserver(place);
  placed.observe(root);
  setTimeout(place, PATIENCE_MS);
  return () => {
    place();
    placed.disconnect();
    left(panelId);
    setTimeout(() => {
      const alone = viewsOf(panelId) === 0 && isConnected(panelId);
      if (alone && !host.isLost && notebook && stands(notebook)) host.send({ type: "gone" });
    }, PATIENCE_MS);
  };
}

function stands(notebook: Element): boolean {
  return notebook.isConnected && notebook.getClientRects().length > 0;
}

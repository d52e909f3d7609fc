import { afterEach, beforeEach, expect, it, vi } from "vitest";
import panel from "../src/index";
import { FakeModel } from "./fake";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
});

/** A notebook on the page with a cell in it; happy-dom lays nothing out, so it is told what has a size. */
function page(visible = true) {
  const notebook = document.createElement("div");
  notebook.className = "jp-Notebook";
  notebook.getClientRects = () => (visible ? [new DOMRect(0, 0, 9, 9)] : []) as unknown as DOMRectList;
  document.body.append(notebook);
  return { notebook, cell: () => notebook.appendChild(document.createElement("div")) };
}

function gone(model: FakeModel): number {
  vi.advanceTimersByTime(2_000);
  return model.sent.filter((message) => message.type === "gone").length;
}

it("tells a kernel that is there, once a view, that the page has the panel", () => {
  const model = new FakeModel({ panel_id: "taken" });
  const end = panel.initialize({ model });
  expect(model.taken).toBe(0);
  for (const el of [page().cell(), page().cell()]) panel.render({ model, el });
  expect(model.taken).toBe(2);
  end();
  panel.render({ model, el: page().cell() });
  expect(model.taken).toBe(2);
});

it("tells that the reader has deleted the cell", () => {
  const model = new FakeModel({ panel_id: "deleted" });
  panel.initialize({ model });
  const { cell } = page();
  const el = cell();
  const end = panel.render({ model, el });
  el.remove(); // as JupyterLab does, before the view is told to end
  vi.advanceTimersByTime(500);
  end();
  expect(gone(model)).toBe(1);
});

it("finds the notebook of a view that was put into its place later", () => {
  const model = new FakeModel({ panel_id: "late" });
  panel.initialize({ model });
  const el = document.createElement("div");
  const end = panel.render({ model, el });
  page().notebook.append(el);
  end();
  expect(gone(model)).toBe(1);
});

it("knows the notebook of a view that never had a size, in a tab that nobody looked at", () => {
  const model = new FakeModel({ panel_id: "tab" });
  panel.initialize({ model });
  const el = document.createElement("div");
  const end = panel.render({ model, el });
  page().notebook.append(el);
  vi.advanceTimersByTime(2_000);
  el.remove();
  end();
  expect(gone(model)).toBe(1);
});

it("tells nothing when the notebook is closed or hidden", () => {
  for (const [panel_id, visible] of [
    ["closed", true],
    ["hidden", false],
  ] as const) {
    const model = new FakeModel({ panel_id });
    panel.initialize({ model });
    const { notebook, cell } = page(visible);
    const end = panel.render({ model, el: cell() });
    if (panel_id === "closed") notebook.remove();
    end();
    expect(gone(model)).toBe(0);
  }
});

it("tells nothing while another view is there, or comes in the next moment", () => {
  const model = new FakeModel({ panel_id: "moved" });
  panel.initialize({ model });
  const { cell } = page();
  const first = panel.render({ model, el: cell() });
  first();
  vi.advanceTimersByTime(300);
  const second = panel.render({ model, el: cell() });
  const third = panel.render({ model, el: cell() });
  second();
  expect(gone(model)).toBe(0);
  third();
  expect(gone(model)).toBe(1);
});

it("tells nothing to a kernel that has closed the panel itself", () => {
  const model = new FakeModel({ panel_id: "rerun" });
  const disconnect = panel.initialize({ model });
  const end = panel.render({ model, el: page().cell() });
  end();
  disconnect();
  expect(gone(model)).toBe(0);
});

import { describe, expect, it } from "vitest";
import { encodeRows, type FakeRow, makeRows } from "./fake";
import { golden } from "./golden";
import { drawn, onCleanPages, show } from "./page";

onCleanPages();

const ROWS = 1000;
const LABELS = ["low", "middle", "high"];

function progress(done: number, change: Record<string, unknown> = {}) {
  const pace = { tokens_per_s: 16800, eta_s: 7.4 };
  return { stage: "running", message: "tiny on cpu", done, total: ROWS, unit: "texts", ...pace, ...change };
}

/** The rows as they stand: every third of those in the page is done for each hundred rows that are. */
function rowsAt(done: number): FakeRow[] {
  return makeRows(100, 3, (at) => `text ${at}`).map((row) =>
    row.position % 3 < done / 100 ? row : { ...row, scores: null, pending: true },
  );
}

function partial(done: number) {
  const { sections, payload } = encodeRows(rowsAt(done), 3);
  const header = {
    ...golden("single_label").header,
    partial: true,
    subtitle: "",
    labels: LABELS,
    rows: ROWS,
    inline: false,
    done,
    totals: { counts: [done - 1, 0, 0], without_score: 1 },
    facts: [],
    notes: [],
    sections,
  };
  return { header, payload, progress: progress(done) };
}

function whole() {
  const { sections, payload } = encodeRows(
    makeRows(ROWS, 3, (at) => `text ${at}`),
    3,
  );
  const counts = { counts: [ROWS, 0, 0], without_score: 0 };
  const change = { labels: LABELS, rows: ROWS, totals: counts, notes: [], sections, inline: true };
  return { header: { ...golden("single_label").header, ...change }, payload, progress: null };
}

describe("while the work goes on", () => {
  it("says how far it is and how fast, in the head", async () => {
    const { one, all, model } = show(partial(100));
    await drawn();
    expect(one(".nbt-subtitle").textContent).toBe("100 of 1,000 done · about 8 s left · 16,800 tokens/s");
    expect(one(".nbt-head [role=progressbar]").getAttribute("aria-valuenow")).toBe("100");
    expect(all(".nbt-progress, [role=alert]")).toHaveLength(0);
    model.change({ progress: progress(140) });
    await drawn();
    expect(one("[role=progressbar]").getAttribute("aria-valuenow")).toBe("140");
    expect(one(".nbt-subtitle").textContent).toMatch(/^140 of 1,000 done/);
    model.change({ progress: progress(140, { total: null, eta_s: null }) });
    await drawn();
    expect(one(".nbt-head .nbt-bar").className).toContain("nbt-bar-moving");
    expect(one(".nbt-subtitle").textContent).toBe("140 done · 16,800 tokens/s");
  });

  it("keeps the place of rows that have yet to come, calmly", async () => {
    const { all, one, texts, model } = show(partial(100));
    await drawn();
    expect(texts().slice(0, 3)).toEqual(["text 0", "text 1", "text 2"]);
    expect(one("[data-at='1'] .nbt-col-label").textContent).toBe("waiting…");
    expect(one("[data-at='1'] .nbt-col-score").textContent).toBe("");
    expect(one("[data-at='0'] .nbt-col-label").textContent).toBe("low");
    const waiting = all(".nbt-pending").length;
    model.change(partial(200));
    await drawn();
    expect(all(".nbt-pending").length).toBeLessThan(waiting);
    expect(one(".nbt-grid").getAttribute("aria-rowcount")).toBe("1001");
  });

  it("counts what is done, and leaves the rest of the bar empty", async () => {
    const { all, one } = show(partial(250));
    await drawn();
    expect(one(".nbt-bucket").getAttribute("aria-label")).toBe("low 249 99.6% of all rows");
    const parts = all(".nbt-part").map((part) => Number(part.style.flexGrow));
    expect(parts).toEqual([0.249, 0.001, 0.75]);
    expect(one(".nbt-counter").textContent).toBe("1,000 rows");
  });

  it("asks the kernel nothing, and says that rows beyond come when the cell ends", async () => {
    const { model, one, all } = show(partial(100));
    await drawn();
    const grid = one(".nbt-grid");
    grid.scrollTop = 20_000;
    grid.dispatchEvent(new Event("scroll"));
    await drawn();
    expect(one(".nbt-table .nbt-wait").textContent).toBe("These rows come when the cell ends.");
    expect(all(".nbt-row-empty").length).toBeGreaterThan(5);
    grid.scrollTop = 0;
    grid.dispatchEvent(new Event("scroll"));
    await drawn();
    expect(all(".nbt-wait")).toHaveLength(0);
    expect(model.sent).toEqual([]);
  });

  it("does not export yet", async () => {
    const { one, model } = show(partial(100));
    await drawn();
    expect((one(".nbt-export-button") as HTMLButtonElement).disabled).toBe(true);
    model.change(whole());
    await drawn();
    expect((one(".nbt-export-button") as HTMLButtonElement).disabled).toBe(false);
  });

  it("keeps what was sorted, filtered, scrolled and selected when the rest arrives", async () => {
    const { model, one, all, texts, click } = show({ ...partial(100), selection: [4] });
    await drawn();
    await click(".nbt-th.nbt-col-text button");
    await click(".nbt-th.nbt-col-text button");
    expect(one(".nbt-wait").textContent).toBe("Rows are sorted, filtered and searched when the cell ends.");
    expect(texts()[0]).toBe("text 0");
    model.change(partial(200));
    await drawn();
    expect(one(".nbt-col-text[role=columnheader]").getAttribute("aria-sort")).toBe("descending");
    model.change(whole());
    await drawn();
    expect(texts()[0]).toBe("text 999");
    expect(one(".nbt-col-text[role=columnheader]").getAttribute("aria-sort")).toBe("descending");
    expect(all(".nbt-wait, .nbt-pending, [role=progressbar]")).toHaveLength(0);
    expect(one(".nbt-selected-count").textContent).toBe("1 selected");
  });

  it("keeps the table itself: nothing is drawn anew", async () => {
    const { model, one } = show(partial(100));
    await drawn();
    const [grid, box] = [one(".nbt-grid"), one("input")];
    grid.scrollTop = 340;
    grid.dispatchEvent(new Event("scroll"));
    for (const done of [200, 300]) {
      model.change(partial(done));
      await drawn();
    }
    model.change(whole());
    await drawn();
    expect(one(".nbt-grid")).toBe(grid);
    expect(one("input")).toBe(box);
    expect(grid.scrollTop).toBe(340);
  });

  it("keeps an open row open, and says that it waits", async () => {
    const { model, one } = show(partial(100));
    await drawn();
    one("[data-at='1']").click();
    await drawn();
    expect(one(".nbt-detail").textContent).toContain("waiting…");
    model.change(partial(200));
    await drawn();
    expect(one(".nbt-detail").textContent).not.toContain("waiting…");
  });

  it("shows one text that is still to come", async () => {
    const { sections, payload } = encodeRows(
      makeRows(1, 3, () => "alone").map((row) => ({ ...row, scores: null, pending: true })),
      3,
    );
    const { header } = partial(1);
    const one = show({
      header: { ...header, rows: 1, sections },
      payload,
      progress: progress(0, { total: 1 }),
    });
    await drawn();
    expect(one.one(".nbt-detail").textContent).toContain("waiting…");
  });
});

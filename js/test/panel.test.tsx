import { describe, expect, it, vi } from "vitest";
import panel from "../src/index";
import { encodeRows, FakeKernel, FakeModel, type FakeRow, makeRows } from "./fake";
import { golden } from "./golden";
import { drawn, onCleanPages, show } from "./page";

function goldenTraits(name = "single_label", change: Record<string, unknown> = {}) {
  const { header, payload } = golden(name);
  return { header: { ...header, ...change }, payload };
}

function traitsOf(rows: FakeRow[], labels: string[], change: Record<string, unknown> = {}) {
  const { sections, payload } = encodeRows(rows, Math.max(1, labels.length));
  const header = {
    ...golden("single_label").header,
    rows: rows.length,
    labels,
    sections,
    notes: [],
    ...change,
  };
  return { header, payload };
}

onCleanPages();

describe("while Python works", () => {
  const progress = {
    stage: "running",
    message: "tiny-model",
    done: 420,
    total: 1000,
    unit: "texts",
    tokens_per_s: 16800,
    eta_s: 7.2,
  };

  it("shows something from the first moment", () => {
    const { one } = show();
    expect(one("[role=progressbar]").getAttribute("aria-valuenow")).toBeNull();
    expect(one(".nbt-panel").textContent).toContain("Waiting for the kernel");
  });

  it("shows how far it is, how fast and how long still", async () => {
    const { model, one } = show({ progress });
    const bar = one("[role=progressbar]");
    expect(bar.getAttribute("aria-valuenow")).toBe("420");
    expect(bar.getAttribute("aria-valuemax")).toBe("1000");
    expect(one(".nbt-panel").textContent).toContain("420 of 1,000 texts");
    expect(one(".nbt-panel").textContent).toContain("16,800 tokens/s");
    expect(one(".nbt-panel").textContent).toContain("about 8 s left");
    model.change({ progress: { ...progress, total: null, eta_s: null, tokens_per_s: null } });
    await drawn();
    expect(one(".nbt-bar").className).toContain("nbt-bar-moving");
    expect(one(".nbt-panel").textContent).toContain("420 texts");
  });

  it("makes way for the result, or for an error in one line", async () => {
    const { model, all, one } = show({ progress });
    model.change({ progress: null, error: { message: "No model of that name." } });
    await drawn();
    expect(one("[role=alert]").textContent).toBe("No model of that name.");
    model.change({ error: null, ...goldenTraits() });
    await drawn();
    expect(all("[role=alert], [role=progressbar]")).toHaveLength(0);
    expect(one(".nbt-title").textContent).toBe("movie-sentiment-minilm");
  });

  it("survives a result that it cannot read, and shows the next", async () => {
    const { model, one, all } = show({ header: { version: 9 } });
    await drawn();
    expect(one("[role=alert]").textContent).toMatch(/run the cell again/);
    model.change(goldenTraits());
    await drawn();
    expect(all("[role=alert]")).toHaveLength(0);
    expect(one("[role=grid]").getAttribute("aria-rowcount")).toBe("16");
  });

  it("says so when it does not know the kind", async () => {
    const { one } = show({ kind: "hologram", header: {} });
    expect(one("[role=alert]").textContent).toContain('"hologram"');
  });
});

describe("a table of results", () => {
  it("shows texts as text: markup in them makes no element", async () => {
    const { el, texts } = show(goldenTraits());
    await drawn();
    expect(texts()).toContain("<img src=x onerror=alert(1)>");
    expect(el.querySelector("img")).toBeNull();
    const rows = makeRows(2, 2, () => "<script>alert(1)</script>");
    const hostile = "<b onclick=alert(1)>label</b>";
    const second = show(
      traitsOf(rows, [hostile, "b"], { title: hostile, notes: [hostile], facts: [[hostile, hostile]] }),
    );
    await drawn();
    expect(second.el.querySelectorAll("b, script")).toHaveLength(0);
    expect(second.one(".nbt-title").textContent).toBe(hostile);
  });

  it("is described to screen readers", async () => {
    const { one, all } = show(goldenTraits());
    const grid = one("[role=grid]");
    expect(grid.getAttribute("aria-label")).toContain("movie-sentiment-minilm");
    expect(grid.getAttribute("aria-colcount")).toBe("5");
    expect(grid.getAttribute("aria-multiselectable")).toBe("true");
    expect(
      all("[role=columnheader]").map((head) => head.getAttribute("aria-label") ?? head.textContent),
    ).toEqual(["Selected", "Row", "Label", "Score", "Text"]);
    expect(one(".nbt-rows .nbt-row").getAttribute("aria-rowindex")).toBe("2");
    expect(one("input").getAttribute("aria-label")).toBe("Search texts and row labels");
    expect(one(".nbt-counter").getAttribute("aria-live")).toBe("polite");
    expect(all(".nbt-rows [tabindex='0']")).toHaveLength(1);
  });

  it("says why a row has no score", async () => {
    const { one } = show(goldenTraits());
    expect(one("[data-at='7'] .nbt-muted").textContent).toBe("missing text");
  });

  it("sorts by a head: its useful direction, the other, and back", async () => {
    const { one, texts, click } = show(goldenTraits());
    const first = texts()[0];
    await click(".nbt-col-score button");
    expect(one(".nbt-col-score").getAttribute("aria-sort")).toBe("descending");
    expect(texts()[0]).toContain("👩‍👩‍👧‍👦");
    await click(".nbt-col-score button");
    expect(one(".nbt-col-score").getAttribute("aria-sort")).toBe("ascending");
    expect(texts()[0]).toBe("empty text");
    await click(".nbt-col-score button");
    expect(one(".nbt-col-score").getAttribute("aria-sort")).toBe("none");
    expect(texts()[0]).toBe(first);
  });

  it("filters by a label and back, and says how many are left", async () => {
    const { one, all, click } = show(goldenTraits());
    await click(".nbt-bucket");
    expect(one(".nbt-bucket").getAttribute("aria-pressed")).toBe("true");
    expect(one(".nbt-counter").textContent).toBe("4 of 15 rows");
    expect(all(".nbt-rows .nbt-row")).toHaveLength(4);
    expect(all(".nbt-rows .nbt-chip").every((chip) => chip.textContent === "negative")).toBe(true);
    await click(".nbt-filter");
    expect(one(".nbt-counter").textContent).toBe("15 rows");
    one(".nbt-bucket:last-of-type").click();
    await drawn();
    expect(one(".nbt-counter").textContent).toBe("2 of 15 rows");
  });

  it("searches when typing pauses, and says when nothing is found", async () => {
    const { one, texts, all } = show(goldenTraits());
    const input = one("input") as HTMLInputElement;
    input.value = "GOOD";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn(50);
    expect(texts()).toHaveLength(15);
    await drawn(300);
    expect(texts()).toEqual(["Neither good nor bad.", "neither good nor bad."]);
    input.value = "zzz";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn(300);
    expect(all(".nbt-rows .nbt-row")).toHaveLength(0);
    expect(one(".nbt-none").textContent).toBe("No rows match.");
  });

  it("keeps what is typed from the notebook's own keys", async () => {
    const { one, key } = show(goldenTraits());
    const heard = vi.fn();
    document.body.addEventListener("keydown", heard);
    one("input").focus();
    await key("d");
    expect(heard).not.toHaveBeenCalled();
    expect(one("input").hasAttribute("data-lm-suppress-shortcuts")).toBe(true);
    document.body.removeEventListener("keydown", heard);
  });

  it("draws only the rows in sight", async () => {
    const rows = makeRows(10_000, 2, (at) => `text ${at}`);
    const { all, one } = show(traitsOf(rows, ["a", "b"]));
    expect(all(".nbt-rows .nbt-row").length).toBeLessThan(30);
    expect(one("[role=grid]").getAttribute("aria-rowcount")).toBe("10001");
    one(".nbt-grid").scrollTop = 34 * 5000;
    one(".nbt-grid").dispatchEvent(new Event("scroll"));
    await drawn();
    expect(all("[data-at='5003']")).toHaveLength(1);
    expect(all(".nbt-rows .nbt-row").length).toBeLessThan(40);
  });
});

describe("the keyboard", () => {
  it("walks the rows", async () => {
    const rows = makeRows(1000, 2, (at) => `text ${at}`);
    const { one, key } = show(traitsOf(rows, ["a", "b"]));
    one("[data-at='0']").focus();
    const at = () => (document.activeElement as HTMLElement).dataset.at;
    for (const [name, expected] of [
      ["ArrowDown", "1"],
      ["ArrowDown", "2"],
      ["ArrowUp", "1"],
      ["End", "999"],
      ["ArrowDown", "999"],
      ["Home", "0"],
      ["ArrowUp", "0"],
      ["PageDown", "11"],
      ["PageUp", "0"],
    ] as const) {
      const event = await key(name);
      expect(event.defaultPrevented).toBe(true);
      expect(at()).toBe(expected);
    }
    expect((await key("x")).defaultPrevented).toBe(false);
  });

  it("opens a row, moves its detail along, and closes it", async () => {
    const { one, all, key } = show(goldenTraits());
    one("[data-at='0']").focus();
    await key("Enter");
    expect(one(".nbt-text-full").textContent).toBe("A warm, funny and quietly devastating film.");
    expect(one("[data-at='0']").className).toContain("nbt-row-open");
    await key("ArrowDown");
    expect(one(".nbt-text-full").textContent).toBe("I want my two hours back.");
    await key("Escape");
    expect(all(".nbt-detail")).toHaveLength(0);
    expect((document.activeElement as HTMLElement).dataset.at).toBe("1");
    await key("Enter");
    expect(all(".nbt-detail")).toHaveLength(1);
  });

  it("does not lose its row when that is scrolled out of sight", async () => {
    const rows = makeRows(1000, 2, (at) => `text ${at}`);
    const { one } = show(traitsOf(rows, ["a", "b"]));
    one("[data-at='0']").focus();
    one(".nbt-grid").scrollTop = 34 * 500;
    one(".nbt-grid").dispatchEvent(new Event("scroll"));
    await drawn();
    expect((document.activeElement as HTMLElement).dataset.at).toBe("0");
  });
});

describe("a row in full", () => {
  it("shows every label by falling score, and closes by its button", async () => {
    const { one, all, click } = show(goldenTraits());
    await click("[data-at='5']");
    expect(all(".nbt-labels-name").map((name) => name.textContent)).toEqual([
      "neutral",
      "positive",
      "negative",
    ]);
    expect(all(".nbt-labels .nbt-number").map((score) => score.textContent)).toEqual([
      "0.500",
      "0.300",
      "0.200",
    ]);
    await click(".nbt-detail [aria-label=Close]");
    expect(all(".nbt-detail")).toHaveLength(0);
    expect((document.activeElement as HTMLElement).dataset.at).toBe("5");
    await click("[data-at='7']");
    expect(one(".nbt-detail").textContent).toContain("missing text");
  });

  it("asks the kernel for the rest of a clipped text", async () => {
    const { model, one, click } = show(goldenTraits());
    await click("[data-at='11']");
    const [request] = model.sent;
    expect(request).toMatchObject({ type: "request", method: "text", params: { position: 11 } });
    expect(one(".nbt-detail").textContent).toContain("It begins well, and then it goes on and…");
    model.receive({ type: "reply", id: request?.id, ok: true, result: { text: "the whole of it" } });
    await drawn();
    expect(one(".nbt-text-full").textContent).toBe("the whole of it");
    expect(one(".nbt-detail").textContent).toContain("The model read only the beginning");
  });

  it("keeps the beginning when the kernel has not got the rest, and cancels when closed", async () => {
    const { model, one, click } = show(goldenTraits());
    await click("[data-at='11']");
    model.receive({ type: "reply", id: model.sent[0]?.id, ok: false, error: "The result is gone." });
    await drawn();
    expect(one(".nbt-detail").textContent).toContain("Only the beginning is shown. The result is gone.");
    await click("[data-at='11']");
    await click("[data-at='11']");
    await click("[data-at='11']");
    expect(model.sent.map((message) => message.type)).toEqual(["request", "request", "cancel"]);
  });

  it("shows twenty labels first, and the rest on request", async () => {
    const labels = Array.from({ length: 77 }, (_, label) => `label ${label}`);
    const { all, one, click } = show(
      traitsOf(
        makeRows(1, 77, () => "only one"),
        labels,
      ),
    );
    expect(all(".nbt-labels li")).toHaveLength(20);
    expect(all("[role=grid], .nbt-toolbar, .nbt-totals")).toHaveLength(0);
    expect(one(".nbt-text-full").textContent).toBe("only one");
    await click(".nbt-detail .nbt-button");
    expect(all(".nbt-labels li")).toHaveLength(77);
  });
});

describe("other problems", () => {
  it("shows all labels at or above the threshold, the one filtered by first", async () => {
    const { all, one, click } = show(goldenTraits("multi_label"));
    const chips = (at: number) =>
      [...one(`[data-at='${at}']`).querySelectorAll(".nbt-chip")].map((c) => c.textContent);
    expect(chips(0)).toEqual(["joy", "surprise"]);
    expect(one("[data-at='13'] .nbt-chips").textContent).toBe("surprisejoy");
    expect(one("[data-at='3'] .nbt-muted").textContent).toBe("none ≥ 0.7");
    all(".nbt-bucket")[2]?.click();
    await drawn();
    expect(chips(0)).toEqual(["surprise", "joy"]);
    await click(".nbt-col-score button");
    expect(one("[data-at='0'] .nbt-col-score").textContent).toBe("0.900");
    expect(one("[data-at='1'] .nbt-col-score").textContent).toBe("0.800");
  });

  it("shows the k best labels", () => {
    const { one } = show(
      traitsOf(
        makeRows(8, 4, (at) => `t${at}`),
        ["a", "b", "c", "d"],
        { top_k: 3 },
      ),
    );
    expect(one("[data-at='0']").querySelectorAll(".nbt-chip")).toHaveLength(3);
  });

  it("shows a regression as values, without labels", async () => {
    const rows = makeRows(6, 1, (at) => `t${at}`).map((row) => ({ ...row, scores: [row.position - 2.5] }));
    const totals = {
      counts: [2, 1, 3],
      edges: [-2.5, -1, 1, 2.5],
      mean: 0,
      min: -2.5,
      max: 2.5,
      without_score: 0,
    };
    const { all, one, click } = show(traitsOf(rows, ["score"], { problem: "regression", totals }));
    expect(all("[role=columnheader]").map((head) => head.textContent)).toEqual(["", "Row", "Value", "Text"]);
    expect(all(".nbt-column")).toHaveLength(3);
    expect(one("[data-at='0'] .nbt-number:last-child").textContent).toBe("0");
    await click(".nbt-col-score button");
    expect(one("[data-at='0'] .nbt-col-score").textContent).toBe("2.50");
    await click("[data-at='5']");
    expect(one(".nbt-value-big").textContent).toBe("−2.50");
  });
});

describe("a result that is refreshed", () => {
  it("keeps the filter and a row that the keyboard can reach", async () => {
    const labels = ["negative", "neutral", "positive"];
    const { model, one, all, click, key } = show(
      traitsOf(
        makeRows(300, 3, (at) => `old ${at}`),
        labels,
      ),
    );
    await click(".nbt-bucket");
    one("[data-at='0']").focus();
    await key("End");
    model.change(
      traitsOf(
        makeRows(30, 3, (at) => `new ${at}`),
        labels,
      ),
    );
    await drawn();
    expect(one(".nbt-counter").textContent).toBe("11 of 30 rows");
    expect(all(".nbt-rows .nbt-chip").every((chip) => chip.textContent === "negative")).toBe(true);
    expect(one(".nbt-rows [tabindex='0']").dataset.at).toBe("10");
  });

  it("starts afresh when its labels are others", async () => {
    const { model, one, click } = show(
      traitsOf(
        makeRows(30, 3, (at) => `old ${at}`),
        ["a", "b", "c"],
      ),
    );
    await click(".nbt-bucket:nth-of-type(3)");
    model.change(
      traitsOf(
        makeRows(30, 2, (at) => `new ${at}`),
        ["x", "y"],
      ),
    );
    await drawn();
    expect(one(".nbt-counter").textContent).toBe("30 rows");
  });
});

describe("the column of the index", () => {
  const tracks = (one: (selector: string) => HTMLElement) =>
    one(".nbt-grid").style.getPropertyValue("--tracks");

  it.each([
    ["numbers", (at: number) => String(at), 6, "7ch"],
    ["dates", (at: number) => `2026-01-${10 + at}`, 6, "13ch"],
    ["names", (at: number) => `a name that has no end ${at}`, 6, "25ch"],
    ["numbers of rows not here yet", (at: number) => String(at), 1_000_000, "9ch"],
  ])("has room for %s", (_, index, count, width) => {
    const rows = makeRows(6, 2, (at) => `text ${at}`).map((row, at) => ({ ...row, index: index(at) }));
    const { one } = show(traitsOf(rows, ["a", "b"], { inline: false, rows: count }));
    expect(tracks(one).split(" ")[1]).toBe(width);
  });
});

describe("rows that stay in the kernel", () => {
  it("are asked for, shown as lines until they come, and filtered there", async () => {
    const rows = makeRows(5000, 3, (at) => `text ${at}`);
    const labels = ["negative", "neutral", "positive"];
    const { sections, payload } = encodeRows(rows.slice(0, 200), 3);
    const { header } = traitsOf(rows, labels, { inline: false, sections });
    const { model, all, one, click } = show({ header, payload });
    const kernel = new FakeKernel(model, rows, 3, { problem: "single_label", threshold: 0.5 });
    expect(model.sent).toHaveLength(0);
    one(".nbt-grid").scrollTop = 34 * 3000;
    one(".nbt-grid").dispatchEvent(new Event("scroll"));
    await drawn();
    expect(all(".nbt-skeleton").length).toBeGreaterThan(10);
    expect(model.sent.at(-1)).toMatchObject({ method: "rows", params: { label: null, search: "" } });
    model.onSend = (message) => kernel.answer(message);
    for (const message of [...model.sent]) kernel.answer(message);
    await drawn(200);
    expect(one("[data-at='3005']").textContent).toContain("text 3005");
    await click(".nbt-bucket");
    await drawn(200);
    expect(model.sent.findLast((message) => message.method === "rows")?.params).toMatchObject({
      start: 0,
      label: 0,
    });
    expect(one(".nbt-grid").scrollTop).toBe(0);
    expect(all(".nbt-rows .nbt-chip").every((chip) => chip.textContent === "negative")).toBe(true);
  });

  it("come for the row that the keyboard is on, even when it was scrolled past", async () => {
    const rows = makeRows(5000, 2, (at) => `text ${at}`);
    const { sections, payload } = encodeRows(rows.slice(0, 100), 2);
    const { header } = traitsOf(rows, ["a", "b"], { inline: false, sections });
    const { model, all, one, click } = show({ header, payload });
    const kernel = new FakeKernel(model, rows, 2, { problem: "single_label", threshold: 0.5 });
    const scrollTo = async (row: number) => {
      one(".nbt-grid").scrollTop = 34 * row;
      one(".nbt-grid").dispatchEvent(new Event("scroll"));
      await drawn(100);
    };
    await scrollTo(3000);
    await click("[data-at='3005']");
    await scrollTo(0);
    expect(one("[data-at='3005']").getAttribute("aria-busy")).toBe("true");
    for (const message of [...model.sent]) kernel.answer(message);
    await drawn(100);
    expect(one("[data-at='3005']").getAttribute("aria-busy")).toBe("false");
    expect(one(".nbt-detail .nbt-text-full").textContent).toBe("text 3005");
    expect(all(".nbt-skeleton")).toHaveLength(0);
  });

  it("say that the kernel is busy", async () => {
    const rows = makeRows(500, 2, (at) => `text ${at}`);
    const { sections, payload } = encodeRows(rows.slice(0, 100), 2);
    const { header } = traitsOf(rows, ["a", "b"], { inline: false, sections });
    const { one, all, click } = show({ header, payload });
    await click(".nbt-col-score button");
    expect(one("[role=grid]").getAttribute("aria-busy")).toBe("true");
    expect(all(".nbt-wait")).toHaveLength(0);
    await drawn(1600);
    expect(one(".nbt-wait").textContent).toContain("Waiting for the kernel");
  });
});

describe("a view", () => {
  it("leaves nothing behind", async () => {
    const { model, el, close } = show(goldenTraits());
    await drawn();
    expect(model.listeners).toBeGreaterThan(0);
    close();
    expect(el.childElementCount).toBe(0);
    expect(model.listeners).toBe(0);
  });

  it("works in a host that never calls initialize", async () => {
    const model = new FakeModel({ ...goldenTraits(), panel_id: "alone" });
    const el = document.createElement("div");
    document.body.append(el);
    const unmount = panel.render({ model, el });
    expect(el.querySelector(".nbt-title")?.textContent).toBe("movie-sentiment-minilm");
    unmount();
    expect(model.listeners).toBe(0);
  });

  it("hides the snapshots of its own panel, early and late, and shows them again", async () => {
    const early = document.createElement("div");
    early.className = "jp-OutputArea-child";
    early.append(Object.assign(document.createElement("div"), { className: "nbt-snapshot nbt-snapshot-p1" }));
    const other = Object.assign(document.createElement("div"), {
      className: "nbt-snapshot nbt-snapshot-p12",
    });
    document.body.append(early, other);
    const { unmount } = show();
    expect(early.style.display).toBe("none");
    const late = Object.assign(document.createElement("div"), { className: "nbt-snapshot-p1" });
    document.body.append(late);
    await drawn();
    expect(late.style.display).toBe("none");
    expect(other.style.display).toBe("");
    unmount();
    expect(early.style.display).toBe("");
    expect(late.style.display).toBe("");
  });

  it("hides its snapshot in VS Code, where each output stands in a container of its own", () => {
    document.body.innerHTML = `<div class="cell_container">
      <div class="output_container"><div class="output"><div class="nbt-snapshot nbt-snapshot-p1"></div></div></div>
      <div class="output_container"><div class="output" id="live"></div></div></div>`;
    const el = document.querySelector<HTMLElement>("#live") as HTMLElement;
    const unmount = panel.render({ model: new FakeModel({ ...goldenTraits(), panel_id: "p1" }), el });
    const snapshot = document.querySelector<HTMLElement>(".nbt-snapshot") as HTMLElement;
    expect(snapshot.style.display).toBe("none");
    unmount();
    expect(snapshot.style.display).toBe("");
  });

  it("takes the host's theme, and follows it", async () => {
    document.body.dataset.jpThemeLight = "false";
    const { one } = show();
    expect(one(".nbt-live").dataset.theme).toBe("dark");
    document.body.dataset.jpThemeLight = "true";
    await drawn();
    expect(one(".nbt-live").dataset.theme).toBe("light");
    delete document.body.dataset.jpThemeLight;
  });
});

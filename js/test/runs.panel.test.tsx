// The panel of all training runs: its rows, what is told as they go on, their curves, and what they can be told.
import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/runs.json";
import { type RunsHeader, runsHeader, withNews } from "../src/wire/runs";
import { type NamedArray, pack, type Sent } from "./fake";
import { drawn, onCleanPages, show, textOf } from "./page";

onCleanPages();

const HEADER = golden.header as unknown as RunsHeader & Record<string, unknown>;

function runs(change: Record<string, unknown> = {}) {
  const page = show({ kind: "runs", header: { ...HEADER, ...change }, payload: null });
  const answered = new Set<Sent>();
  const asked = (method: string) => page.model.sent.filter((sent) => sent.method === method);
  const answer = async () => {
    await drawn(200);
    for (const sent of page.model.sent) {
      if (answered.has(sent) || sent.type !== "request") continue;
      answered.add(sent);
      const reply = (result: object, buffers: DataView[] = []) =>
        page.model.receive({ type: "reply", id: sent.id, ok: true, result }, buffers);
      if (sent.method === "runs") reply({ ...HEADER, ...change });
      else if (sent.method === "diff") reply(golden.diff);
      else if (sent.method === "curve") {
        const { facts, arrays } = sent.params?.points === 0 ? golden.curve : golden.grown;
        const columns = Object.entries(arrays).map(([name, values]): NamedArray => {
          const kind = name.endsWith("step") ? Uint32Array : Float32Array;
          return [name, kind.from(values), [values.length]];
        });
        const { sections, payload } = pack(columns);
        reply({ ...facts, sections }, [payload]);
      } else if (sent.method === "open") reply({ panel_id: "nowhere" });
      else if (sent.method === "model")
        reply({ line: "%%classify --model run:a-2", settings: ["classify.model"] });
      else if (sent.method === "export")
        reply({ name: "runs.csv", folder: "/here", size: "1 kB", notes: [] });
      else reply({});
    }
    await drawn(300);
  };
  const press = async (name: string) => {
    page.button(name).click();
    await drawn();
  };
  const rows = () => page.all(".nbt-run-table:first-of-type tbody tr").map(textOf);
  return { ...page, asked, answer, press, rows };
}

/** What the page has by then of the loss of the first run: all that it was answered. */
const { points, evals, rewritten } = golden.curve.facts;
const HAD = { points, evals, rewritten };

describe("the wire of runs", () => {
  it("grows by what came, and tells of a gap", () => {
    const header = runsHeader(HEADER);
    const after = withNews(header, golden.live as never);
    expect(after?.runs["a-1"]?.step).toBe(5);
    expect(after?.runs["a-2"]).toBe(header.runs["a-2"]);
    expect(withNews(header, { ...golden.live, seq: 2 } as never)).toBeNull();
    expect(withNews(after as RunsHeader, golden.live as never)).toBe(after);
    expect(withNews(header, { seq: 1, order: ["unknown"], runs: {} })).toBeNull();
    expect(() => runsHeader({ ...HEADER, order: ["unknown"] })).toThrow("no list of training runs");
  });
});

describe("the panel of runs", () => {
  it("has a row a run, which goes on", async () => {
    const page = runs();
    await page.answer();
    expect(page.all(".nbt-state").map(textOf)).toEqual(["✓ Done", "▶ Running"]);
    expect(page.rows()[1]).toContain("4 of 8");
    page.model.receive(golden.live);
    await drawn();
    expect(page.rows()[1]).toContain("5 of 8");
    page.model.receive({ type: "runs", seq: 9, order: [], runs: {} });
    await drawn();
    expect(page.asked("runs")).toHaveLength(2);
  });

  it("shows the curves and the differences of those that are ticked", async () => {
    const page = runs();
    await page.answer();
    await page.answer();
    const nothing = { points: 0, evals: 0, rewritten: -1 };
    expect(page.asked("curve").map(({ params }) => params)).toEqual([
      { name: "a-2", metric: "loss", ...nothing },
      { name: "a-1", metric: "loss", ...nothing },
    ]);
    expect(page.all(".nbt-chart-value bdi").map(textOf)).toEqual(["a-2", "a-1"]);
    expect(textOf(page.one(".nbt-chart-value"))).toContain("0.4");
    expect(textOf(page.one(".nbt-run-differences tbody"))).toBe(golden.diff.settings.flat(2).join(""));
    // Of one that has grown what is new is asked for, and only of that one.
    page.model.receive(golden.live);
    await drawn();
    await page.answer();
    expect(page.asked("curve").map(({ params }) => params?.name)).toEqual(["a-2", "a-1", "a-1"]);
    expect(page.asked("curve").at(-1)?.params).toMatchObject(HAD);
    const box = page.one('.nbt-run-table input[type="checkbox"]') as HTMLInputElement;
    box.click();
    await page.answer();
    expect(page.all(".nbt-chart-value bdi").map(textOf)).toEqual(["a-1"]);
    expect(page.all(".nbt-run-differences")).toHaveLength(0);
  });

  it("has ticked what is selected, the same runs when others come, and selects what is ticked", async () => {
    const page = runs();
    await page.answer();
    const ticked = () =>
      page
        .all('.nbt-run-table input[type="checkbox"]')
        .flatMap((box) =>
          (box as HTMLInputElement).checked ? [textOf(box.closest("label") as Element)] : [],
        );
    expect(ticked()).toEqual(["a-2", "a-1"]);
    page.model.change({ selection: [1] });
    await drawn();
    expect(ticked()).toEqual(["a-1"]);
    (page.one('.nbt-run-table input[type="checkbox"]') as HTMLInputElement).click();
    await drawn();
    expect(page.model.get("selection")).toEqual([0, 1]);
    page.model.change({ selection: [] });
    await drawn();
    expect(ticked()).toEqual([]);
    expect(page.model.saved).toBe(1);
  });

  it("goes along steps, epochs or time", async () => {
    const page = runs();
    await page.answer();
    await page.answer();
    const plot = () => page.one(".nbt-plot");
    for (const [name, told] of [
      ["Step", "step 5"],
      ["Epoch", "epoch 1.25"],
      ["Time", "15 s"],
    ] as const) {
      await page.press(name);
      expect(plot().getAttribute("aria-label")).toContain(`Loss by ${name.toLowerCase()}:`);
      plot().dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
      await drawn();
      expect(textOf(page.one("figcaption"))).toContain(told);
    }
  });

  it("has files of what is shown written", async () => {
    const page = runs();
    await page.answer();
    await page.answer();
    await page.press("Export");
    await page.press("Epoch");
    await page.press("SVG");
    expect(page.asked("export").at(-1)?.params).toMatchObject({
      what: "svg",
      names: ["a-2", "a-1"],
      colours: ["blue", "orange"],
      metric: "loss",
      along: "epoch",
      smoothing: 0.6,
      is_log: false,
      range: null,
    });
    await page.answer();
    expect(textOf(page.one(".nbt-export-said"))).toContain("runs.csv · 1 kB · in /here");
  });

  it("shows how to use a model, and makes it a default once that is said", async () => {
    const page = runs({ runs: { ...HEADER.runs, "a-2": { ...HEADER.runs["a-2"], has_model: true } } });
    await page.answer();
    await page.press("Model… a-2");
    await page.answer();
    expect(textOf(page.one(".nbt-run-model code"))).toBe("%%classify --model run:a-2");
    expect(page.asked("use")).toHaveLength(0);
    await page.press("Use in this session");
    await page.answer();
    expect(page.asked("use").map(({ params }) => params)).toEqual([{ name: "a-2" }]);
    expect(textOf(page.one(".nbt-run-model"))).toContain("%nbt unset classify.model takes that back");
    await page.press("Close");
    expect(page.all(".nbt-run-model")).toHaveLength(0);
  });

  it("says what a worker has not followed yet, and why a run failed", async () => {
    const page = runs({
      runs: {
        "a-1": { ...HEADER.runs["a-1"], state: "starting", queued: ["pause", "save", "save"] },
        "a-2": { ...HEADER.runs["a-2"], state: "failed", message: "The disk is full." },
      },
    });
    await page.answer();
    expect(page.rows()[1]).toContain("Pause, Save now: queued");
    expect(page.rows()[0]).toContain("✕ Failed8 of 8The disk is full.");
    await page.press("Save now a-1");
    expect(page.asked("control").at(-1)?.params).toEqual({ name: "a-1", command: "save" });
  });

  it("tells a run what to do, and asks before it deletes one", async () => {
    const page = runs();
    await page.answer();
    await page.press("Stop a-1");
    expect(page.asked("control").at(-1)?.params).toEqual({ name: "a-1", command: "stop" });
    await page.press("Delete… a-2");
    expect(page.asked("control")).toHaveLength(1);
    await page.press("Keep a-2");
    await page.press("Delete… a-2");
    await page.press("Delete a-2");
    const sent = page.asked("control").at(-1);
    expect(sent?.params).toEqual({ name: "a-2", command: "delete" });
    page.model.receive({ type: "reply", id: sent?.id, ok: false, error: "A worker is at work." });
    await drawn();
    expect(textOf(page.one(".nbt-run-said"))).toBe("A worker is at work.");
  });

  it("says that the kernel was restarted, and has no buttons that reach nobody", async () => {
    const page = runs();
    await page.answer();
    await page.answer();
    await page.press("Stop a-1");
    page.model.lose();
    await drawn();
    expect(page.all('[role="alert"]').map(textOf)).toEqual([
      expect.stringContaining("The kernel is gone: this is what had come."),
    ]);
    expect(page.all(".nbt-row-actions")).toHaveLength(0);
    expect(page.rows()[1]).toContain("4 of 8");
    expect(page.all(".nbt-chart-value bdi").map(textOf)).toEqual(["a-2", "a-1"]);
  });

  it("says what to type where a panel does not come to this page", async () => {
    const page = runs();
    await page.answer();
    await page.press("Open a-1");
    await page.answer();
    await drawn(5_000);
    expect(textOf(page.one(".nbt-run-said"))).toContain("type %runs a-1 in a cell");
  });

  it("is there when there are none, and keeps hostile texts texts", () => {
    expect(textOf(runs({ order: [], runs: {} }).one(".nbt-none"))).toContain("%finetune");
    const name = "<img src=x onerror=alert(1)>";
    const { el } = runs({
      order: [name],
      runs: { [name]: { ...HEADER.runs["a-1"], data: name, settings: name } },
    });
    expect(el.querySelector("img, script")).toBeNull();
    expect(textOf(el)).toContain(name);
  });
});

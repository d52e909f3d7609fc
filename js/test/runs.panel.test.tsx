// The panel of all training runs: its rows, what is told as they go on, their curves, and what they can be told.
import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/runs.json";
import { type RunsHeader, runsHeader, withNews } from "../src/wire/runs";
import { type NamedArray, pack, type Sent } from "./fake";
import { drawn, onCleanPages, show } from "./page";

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
        const { step, value, eval_step, eval_value } = golden.curve;
        const columns: NamedArray[] = [
          ["step", Uint32Array.from(step), [step.length]],
          ["value", Float32Array.from(value), [value.length]],
          ["eval_step", Uint32Array.from(eval_step), [eval_step.length]],
          ["eval_value", Float32Array.from(eval_value), [eval_value.length]],
        ];
        const { sections, payload } = pack(columns);
        reply({ sections }, [payload]);
      } else if (sent.method === "open") reply({ panel_id: "nowhere" });
      else reply({});
    }
    await drawn(300);
  };
  const press = async (name: string) => {
    const button = page.all("button").find((one) => (one.getAttribute("aria-label") ?? textOf(one)) === name);
    if (!button) throw new Error(`no button ${name}`);
    button.click();
    await drawn();
  };
  const rows = () => page.all(".nbt-run-table:first-of-type tbody tr").map(textOf);
  return { ...page, asked, answer, press, rows };
}

const textOf = (element: Element) => element.textContent ?? "";

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
    expect(page.asked("curve").map(({ params }) => params)).toEqual([
      { name: "a-2", metric: "loss" },
      { name: "a-1", metric: "loss" },
    ]);
    expect(page.all(".nbt-chart-value bdi").map(textOf)).toEqual(["a-2", "a-1"]);
    expect(textOf(page.one(".nbt-chart-value"))).toContain("0.4");
    expect(textOf(page.one(".nbt-run-differences tbody"))).toBe("lr0.0002–");
    // One that has grown is asked for again, and only that.
    page.model.receive(golden.live);
    await drawn();
    await page.answer();
    expect(page.asked("curve").map(({ params }) => params?.name)).toEqual(["a-2", "a-1", "a-1"]);
    const box = page.one('.nbt-run-table input[type="checkbox"]') as HTMLInputElement;
    box.click();
    await page.answer();
    expect(page.all(".nbt-chart-value bdi").map(textOf)).toEqual(["a-1"]);
    expect(page.all(".nbt-run-differences")).toHaveLength(0);
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

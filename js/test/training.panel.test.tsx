import { describe, expect, it } from "vitest";
import { stillQueued } from "../src/training/controls";
import { exactValue, formatBytes, formatDuration } from "../src/views/figures";
import type { Sent } from "./fake";
import { type FakeRun, FakeRunKernel, fakeHeader } from "./fakerun";
import { goldenRun } from "./goldenrun";
import { drawn, onCleanPages, show, textOf } from "./page";

onCleanPages();

const RUN: FakeRun = { steps: 40, planned: 100, epoch: 20 };

/** A panel, and a kernel that answers once it is asked to. */
function running(change: Partial<FakeRun> = {}) {
  const run = { ...RUN, ...change };
  const page = show(fakeHeader(run));
  const kernel = new FakeRunKernel(page.model, run);
  const answered = new Set<Sent>();
  const answer = async (only?: string) => {
    await drawn();
    for (const sent of page.model.sent) {
      if (answered.has(sent) || (only && sent.method !== only)) continue;
      answered.add(sent);
      kernel.answer(sent);
    }
    await drawn(300);
  };
  const press = async (name: string) => {
    const button = page.all("button").find(({ textContent }) => textContent?.trim().endsWith(name));
    if (!button) throw new Error(`no button ${name}`);
    button.click();
    await drawn();
  };
  const asked = (method: string) => page.model.sent.filter((sent) => sent.method === method);
  const buttons = () =>
    page
      .all(".nbt-run-buttons button, .nbt-ended button")
      .map(({ textContent }) => textContent?.replace(/^\W/, "").trim());
  return { ...page, kernel, answer, press, asked, buttons };
}

describe("the head", () => {
  it("says the state in words, the stage, and how far it is", () => {
    const { one, all } = running({ facts: { stage: { stage: "evaluating", done: 12, total: 40 } } });
    expect(textOf(one(".nbt-state"))).toContain("Running");
    expect(textOf(one(".nbt-subtitle"))).toBe("Evaluating: 12 of 40");
    expect(all(".nbt-progress-facts span").map(textOf)).toEqual([
      "step 40 of 100",
      "epoch 2 of 5",
      "about 4 min left",
      "7 min 01 s so far",
      "5,140 tokens/s",
      "1.2 GiB of memory",
    ]);
    const bar = one('[role="progressbar"]');
    expect([bar.getAttribute("aria-valuenow"), bar.getAttribute("aria-valuemax")]).toEqual(["40", "100"]);
  });

  it("has a full bar of what comes before the first step, where that is counted", () => {
    const stage = { stage: "finding", done: 25, total: 100 };
    const { one } = running({ steps: 0, facts: { stage } });
    expect(textOf(one(".nbt-subtitle"))).toBe("Looking for a learning rate: 25 of 100");
    const bar = one('[role="progressbar"]');
    expect([bar.getAttribute("aria-valuenow"), bar.getAttribute("aria-valuemax")]).toEqual(["25", "100"]);
  });

  it("warns of what is wrong, and merely tells what is good to know", () => {
    const { one, all } = running({
      facts: { notes: ["The task is regression."], warnings: ["Memory ran out."] },
    });
    expect(textOf(one(".nbt-strip-warning"))).toBe("Memory ran out.");
    expect(textOf(one(".nbt-strip-note"))).toBe("The task is regression.");
    expect(all(".nbt-strip-note svg")).toHaveLength(0);
  });

  it.each([
    ["starting", "Starting", ["Pause", "Stop", "Save now", "lr ×½", "lr ×2"]],
    ["running", "Running", ["Pause", "Stop", "Save now", "lr ×½", "lr ×2"]],
    ["paused", "Paused", ["Resume", "Stop", "Save now", "lr ×½", "lr ×2"]],
    ["stopped", "Stopped", ["Resume"]],
    ["failed", "Failed", ["Resume"]],
    ["dead", "Dead", ["Resume"]],
    ["done", "Done", []],
  ] as const)("of a run that is %s", (state, word, wanted) => {
    const { one, buttons } = running({ facts: { state } });
    expect(textOf(one(".nbt-state"))).toContain(word);
    expect(buttons()).toEqual(wanted);
  });

  it("tells a screen reader the state at once and the rest now and then", async () => {
    const { one, kernel, answer } = running();
    await answer();
    expect(textOf(one('.nbt-spoken[role="status"]'))).toContain("Running, Training, step 40 of 100");
    kernel.goOn(5);
    await drawn(500);
    expect(textOf(one(".nbt-progress-facts"))).toContain("step 45 of 100");
    expect(textOf(one(".nbt-spoken"))).toContain("step 40 of 100");
    await drawn(30_000);
    expect(textOf(one(".nbt-spoken"))).toContain("step 45 of 100");
    kernel.goOn(1, { state: "paused" });
    await drawn(500);
    expect(textOf(one(".nbt-spoken"))).toContain("Paused");
  });
});

describe("a run that failed", () => {
  it("says why, what to type, and where a resume would begin", () => {
    const hint = "Type `--batch-size 8`.";
    const { one, all } = running({
      facts: { state: "failed", message: "No memory.", hint, checkpoints: [20] },
    });
    expect(textOf(one('[role="alert"]'))).toContain("No memory.");
    expect(all(".nbt-ended code").map(textOf)).toEqual(["--batch-size 8"]);
    expect(textOf(one(".nbt-ended"))).toContain("from step 20");
  });

  it("resumes by the kernel, which says why it cannot", async () => {
    const { one, model, press, asked } = running({ facts: { state: "dead", checkpoints: [] } });
    expect(textOf(one(".nbt-ended"))).toContain("from the beginning: there is no checkpoint");
    await press("Resume");
    const [sent] = asked("control");
    expect(sent?.params).toEqual({ command: "resume" });
    model.receive({ type: "reply", id: sent?.id, ok: false, error: "The data has changed." });
    await drawn();
    expect(textOf(one(".nbt-run-controls .nbt-bad"))).toBe("The data has changed.");
  });

  it("keeps hostile texts texts", () => {
    const { el, one } = show(goldenRun("failed"));
    expect(textOf(one('[role="alert"]'))).toContain("<img src=x onerror=alert(1)>");
    expect(el.querySelector("img, script, b > b")).toBeNull();
  });
});

describe("a button", () => {
  it("is queued until the worker has followed", async () => {
    const page = running();
    await page.answer();
    await page.press("lr ×½");
    await page.press("lr ×½");
    expect(page.asked("control").map(({ params }) => params)).toEqual([
      { command: "lr", factor: 0.5 },
      { command: "lr", factor: 0.5 },
    ]);
    expect(textOf(page.one(".nbt-queued"))).toContain("lr ×½ (2 times): queued, waiting for the kernel.");
    await page.answer("control");
    expect(textOf(page.one(".nbt-queued"))).toContain("lr ×½ (2 times): queued until the worker follows.");
    const [first, second] = page.asked("control").map(({ id }) => `told-${id}`);
    const queued = [first, second].map((id) => ({ id: String(id), command: "lr" as const }));
    page.kernel.goOn(1, { queued });
    await drawn(500);
    expect(textOf(page.one(".nbt-queued"))).toContain("lr ×½ (2 times)");
    page.kernel.goOn(1, { queued: queued.slice(1) });
    await drawn(500);
    expect(textOf(page.one(".nbt-queued"))).toContain("lr ×½: queued");
    page.kernel.goOn(1, { queued: [], lr_changes: [{ step: 42, factor: 0.25 }] });
    await drawn(500);
    expect(page.all(".nbt-queued")).toEqual([]);
  });

  it("says what reaches the worker where the kernel does not answer", async () => {
    const { one, press } = running();
    await press("Stop");
    expect((one(".nbt-run-buttons button:nth-child(2)") as HTMLButtonElement).disabled).toBe(true);
    await drawn(6_500);
    expect(textOf(one(".nbt-queued code"))).toBe("nbtransformers runs stop quiet-river-42");
  });

  it("is sent at once, whatever else the kernel has to answer", async () => {
    const { press, asked } = running();
    for (const name of ["Log", "Curves", "Log", "Curves", "Log", "Curves"]) await press(name);
    await press("Stop");
    expect(asked("control").map(({ params }) => params)).toEqual([{ command: "stop" }]);
  });

  it("that was pressed elsewhere is queued here, too", () => {
    const { one } = running({ facts: { queued: [{ id: "x", command: "save" }] } });
    expect(textOf(one(".nbt-queued"))).toContain("Save now: queued until the worker follows.");
  });

  it("is free again where the run never tells that it was queued", async () => {
    const { all, press, answer } = running();
    await answer();
    await press("Save now");
    await answer("control");
    expect(all(".nbt-queued")).toHaveLength(1);
    await drawn(3_500);
    expect(all(".nbt-queued")).toEqual([]);
  });

  it("is not queued for ever where the worker was too quick to be seen", () => {
    const sent = { number: 1, name: "Stop", id: "a", wasQueued: false, since: 0 };
    expect(stillQueued([sent], [], 1_000)).toEqual([sent]);
    expect(stillQueued([sent], [], 3_000)).toEqual([]);
    expect(stillQueued([sent], ["a"], 3_000)).toEqual([{ ...sent, wasQueued: true }]);
    expect(stillQueued([{ ...sent, wasQueued: true }], [], 100)).toEqual([]);
  });
});

describe("the run as it goes on", () => {
  it("is asked for when the panel is drawn, and after a gap", async () => {
    const page = running();
    await drawn();
    expect(page.asked("run")).toHaveLength(1);
    await page.answer();
    page.kernel.goOn(10);
    await drawn(500);
    expect(textOf(page.one(".nbt-progress-facts"))).toContain("step 50 of 100");
    expect(page.asked("run")).toHaveLength(1);
    page.model.receive({ type: "run", seq: 7, header: {}, series: [] });
    await drawn();
    expect(page.asked("run")).toHaveLength(2);
  });

  it("is drawn at most ten times a second", async () => {
    const page = running();
    await page.answer();
    const facts = page.one(".nbt-progress-facts");
    let [drawings, last] = [0, textOf(facts)];
    for (let times = 0; times < 100; times++) {
      page.kernel.goOn(1, { progress: { ...fakeHeader(RUN).header.progress, step: 41 + times } });
      await drawn(10);
      if (textOf(facts) !== last) drawings += 1;
      last = textOf(facts);
    }
    expect(drawings).toBeGreaterThan(4);
    expect(drawings).toBeLessThanOrEqual(11);
  });

  it("says so when nothing is heard of it any more", async () => {
    const page = running();
    await page.answer();
    await drawn(14_000);
    expect(page.all(".nbt-wait")).toEqual([]);
    await drawn(12_000);
    expect(page.asked("run")).toHaveLength(2);
    expect(textOf(page.one(".nbt-wait"))).toContain("Nothing was heard since");
    await page.answer();
    expect(page.all(".nbt-wait")).toEqual([]);
  });

  it("says at once when the kernel is restarted, and has no buttons that reach nobody", async () => {
    const page = running();
    await page.answer();
    page.model.lose();
    await drawn();
    expect(textOf(page.one('[role="alert"]'))).toContain("%runs quiet-river-42 shows how it is");
    expect(page.buttons()).toEqual([]);
    expect(page.all(".nbt-chart").length).toBeGreaterThan(0);
    await drawn(60_000);
    expect(page.all(".nbt-wait")).toEqual([]);
  });

  it("is left alone when it has ended", async () => {
    const page = running({ facts: { state: "done" } });
    await page.answer();
    await drawn(60_000);
    expect(page.asked("run")).toHaveLength(1);
    expect(page.all(".nbt-wait")).toEqual([]);
  });

  it("stops being followed with the panel", async () => {
    const page = running();
    await page.answer();
    const before = page.model.listeners;
    page.unmount();
    page.kernel.goOn(1);
    await drawn(60_000);
    expect(page.asked("run")).toHaveLength(1);
    expect(page.model.listeners).toBeLessThan(before);
  });
});

describe("the curves", () => {
  const titles = (page: ReturnType<typeof running>) => page.all(".nbt-chart strong").map(textOf);

  it("are the loss, each metric by its scale, and how the training went", async () => {
    const page = running();
    expect(titles(page)).toEqual([
      "Loss",
      "Evaluation",
      "perplexity",
      "Learning rate",
      "Gradient norm",
      "Tokens a second",
    ]);
    expect(textOf(page.one(".nbt-chart figcaption"))).toMatch(/training.*smoothed.*evaluation/);
    expect(textOf(page.all(".nbt-chart figcaption")[1] as HTMLElement)).toMatch(/accuracy.*f1/);
  });

  it("are told exactly at the step that is walked to, in all of them", async () => {
    const page = running();
    const plot = page.one(".nbt-plot");
    plot.focus();
    await page.key("Home");
    await page.key("ArrowRight");
    expect(textOf(page.one(".nbt-chart figcaption"))).toContain("step 2");
    const loss = page.kernel.curves.loss?.values[1] ?? 0;
    expect(textOf(page.one(".nbt-chart-value b"))).toBe(exactValue(loss));
    expect(page.all(".nbt-chart figcaption").filter((one) => /step 2(?!\d)/.test(textOf(one)))).toHaveLength(
      4,
    );
    await page.key("Escape");
    expect(textOf(page.one(".nbt-chart figcaption"))).not.toContain("step");
  });

  it("are zoomed by keys and shown whole again", async () => {
    const page = running();
    const reset = () => page.all("button").find((one) => textOf(one) === "Reset zoom") as HTMLButtonElement;
    expect(reset().disabled).toBe(true);
    page.one(".nbt-plot").focus();
    await page.key("+");
    expect(reset().disabled).toBe(false);
    await page.key("0");
    expect(reset().disabled).toBe(true);
  });

  it("are smoothed as the reader likes", async () => {
    const page = running();
    const slider = page.one('.nbt-slider input[type="range"]') as HTMLInputElement;
    slider.value = "0";
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn();
    expect(textOf(page.one(".nbt-chart figcaption"))).not.toContain("smoothed");
  });

  it("of which not all is here are asked for as fine as the chart", async () => {
    const page = running({ steps: 9_000, planned: 10_000, epoch: 1_000 });
    await page.answer("run");
    await page.answer("curve");
    const names = page.asked("curve").map(({ params }) => String(params?.name));
    expect(names.sort()).toEqual(["grad_norm", "loss", "lr", "tokens_per_s"]);
    const [first] = page.asked("curve");
    expect(first?.params).toMatchObject({ from_step: 0, to_step: 9_000, smoothing: 0.6 });
    const told = textOf(page.one(".nbt-chart figcaption"));
    expect(told).toMatch(/training.* to .*smoothed/);
    // A few steps more are here, and nothing is asked for.
    page.kernel.goOn(20);
    await drawn(500);
    expect(page.asked("curve")).toHaveLength(4);
    page.kernel.goOn(900);
    await drawn(500);
    await page.answer("curve");
    expect(page.asked("curve")).toHaveLength(8);
    // What is new of it, and not again what was told.
    const { from_step, to_step, pixels } = (page.asked("curve").at(-1)?.params ?? {}) as Record<
      string,
      number
    >;
    expect([from_step, to_step]).toEqual([9_001, 9_920]);
    expect(pixels).toBeLessThan(40);
    expect(textOf(page.one(".nbt-chart figcaption"))).toContain("smoothed");
    await drawn(500);
    expect(page.asked("curve")).toHaveLength(8);
  });

  it("have the search for a learning rate beside them, also before the first step", async () => {
    const points = [
      [1e-6, 2],
      [1e-5, 1.5],
      [1e-4, 1],
      [1e-2, null],
    ] as [number, number | null][];
    const page = running({ steps: 0, facts: { finder: { points, chosen: 1e-5 } } });
    expect(titles(page)).toEqual(["Loss by learning rate"]);
    const caption = () => textOf(page.one(".nbt-chart figcaption"));
    expect(caption()).toContain("chosen 1e−5");
    page.one(".nbt-plot").focus();
    await page.key("Home");
    await page.key("ArrowRight");
    expect(caption()).toMatch(/1\.5.*smoothed.*at 1e−5/);
    await page.key("End");
    expect(caption()).toContain("not finite");
    await page.key("Escape");
    await page.answer();
    page.kernel.goOn(3, { finder: { points, chosen: null } });
    await drawn(500);
    expect(titles(page)[0]).toBe("Loss");
    expect(titles(page).at(-1)).toBe("Loss by learning rate");
    expect(textOf(page.all(".nbt-chart figcaption").at(-1) as HTMLElement)).toContain("none was chosen");
  });

  it("have not begun before the first step: what is known before anything runs is in their place", async () => {
    const page = running({ steps: 0, facts: { plan: null } });
    expect(textOf(page.one(".nbt-settings"))).toContain("Leaked test rows");
    await page.answer();
    page.kernel.goOn(1);
    await drawn(500);
    expect(page.all(".nbt-settings")).toEqual([]);
    expect(titles(page)[0]).toBe("Loss");
  });

  it("stay out of sight at their first step where one reads something else", async () => {
    const page = running({ steps: 0 });
    await page.press("Curves");
    expect(textOf(page.one(".nbt-none"))).toContain("begin with the first step");
    await page.press("Settings");
    await page.answer();
    page.kernel.goOn(1);
    await drawn(500);
    expect(page.all(".nbt-chart")).toEqual([]);
  });
});

describe("an evaluation", () => {
  const report = {
    labels: ["neg", "<b>pos</b>"],
    confusion: [
      [8, 2],
      [1, 9],
    ],
    by_label: { neg: { precision: 0.889, recall: 0.8, support: 1 } },
    mistakes: [
      { row: 3, text: "فيلم رائع", expected: "<b>pos</b>", predicted: "neg", loss: 4.2, score: 0.98 },
      { row: 7, text: "", expected: ["a", "b"], predicted: [], loss: null },
    ],
  };

  it("shows which label is taken for which, each label, and the worst mistakes", async () => {
    const page = running({ report });
    await page.press("Evaluation");
    await drawn(200);
    await page.answer();
    expect(page.asked("evaluation")[0]?.params).toEqual({ step: 40 });
    const rows = page
      .all(".nbt-confusion tbody tr")
      .map((row) => [...row.children].map((one) => one.textContent));
    expect(rows).toEqual([
      ["neg", "8", "2"],
      ["<b>pos</b>", "1", "9"],
    ]);
    const cells = page.all(".nbt-confusion td").map((cell) => cell.style.getPropertyValue("--share"));
    expect(cells).toEqual(["0.8", "0.2", "0.1", "0.9"]);
    await page.press("Shares");
    expect(page.all(".nbt-confusion td").map(textOf)).toEqual(["80%", "20%", "10%", "90%"]);
    expect(page.all(".nbt-report-table td").map(textOf)).toEqual(["0.889", "0.800", "1"]);
    expect(page.one(".nbt-mistake-text").getAttribute("dir")).toBe("auto");
    const [first, second] = page.all(".nbt-mistake-facts").map(textOf);
    expect(first).toContain("expected <b>pos</b>");
    expect(first).toContain("score 0.980");
    expect(second).toContain("expected a, b");
    expect(second).toContain("predicted none");
  });

  it("may be an earlier one, and is the last one by itself", async () => {
    const page = running({ report });
    await page.press("Evaluation");
    const select = page.one(".nbt-select select") as HTMLSelectElement;
    expect([...select.options].map(({ value }) => value)).toEqual(["last", "40", "20"]);
    select.value = "20";
    select.dispatchEvent(new Event("change", { bubbles: true }));
    await drawn(200);
    expect(page.asked("evaluation").at(-1)?.params).toEqual({ step: 20 });
  });

  it("of very many labels tells the most frequent confusions", async () => {
    const labels = Array.from({ length: 60 }, (_, at) => `label ${at}`);
    const confusion = labels.map((_, row) =>
      labels.map((_, column) => (row === column ? 50 : column === 3 ? row : 0)),
    );
    const page = running({ report: { labels, confusion, mistakes: [], by_label: {} } });
    await page.press("Evaluation");
    await drawn(200);
    await page.answer();
    expect(page.all(".nbt-confusion")).toEqual([]);
    const [first] = page
      .all(".nbt-report-table tbody tr")
      .map((row) => [...row.children].map((one) => one.textContent));
    expect(first).toEqual(["label 59", "label 3", "59"]);
  });

  it("that left no report says so, and none has none", async () => {
    const page = running();
    await page.press("Evaluation");
    await drawn(200);
    await page.answer();
    expect(textOf(page.one(".nbt-none"))).toContain("left no report");
    const early = running({ steps: 3 });
    await early.press("Evaluation");
    expect(textOf(early.one(".nbt-none"))).toContain("No evaluation yet");
  });
});

describe("the log", () => {
  it("is followed from where it was read to, while the worker lives", async () => {
    const page = running({ log: "Loading <b>weights</b>\n" });
    await page.press("Log");
    await page.answer();
    expect(textOf(page.one(".nbt-log-text"))).toBe("Loading <b>weights</b>\n");
    expect(page.one(".nbt-log-text").children).toHaveLength(0);
    await drawn(1_100);
    expect(page.asked("log").map(({ params }) => params)).toEqual([{ offset: null }, { offset: 23 }]);
  });

  it("comes in pieces, and not any more when the run has ended", async () => {
    const page = running({ facts: { state: "failed" } });
    await page.press("Log");
    const reply = async (at: number, result: object) => {
      page.model.receive({ type: "reply", id: page.asked("log")[at]?.id, ok: true, result });
      await drawn();
    };
    await reply(0, { text: "one ", offset: 4, size: 7 });
    await reply(1, { text: "two", offset: 7, size: 7 });
    expect(textOf(page.one(".nbt-log-text"))).toBe("one two");
    await drawn(5_000);
    expect(page.asked("log")).toHaveLength(2);
  });
});

describe("the settings", () => {
  it("are what was asked for, the plan, and what was known of the data", async () => {
    const page = running();
    await page.press("Settings");
    const said = textOf(page.one(".nbt-settings"));
    for (const part of ["Model", "all-minilm-l6-v2", "16 = 2 × 8", "22,700,000 of 22,700,000 (100%)"])
      expect(said).toContain(part);
    const shares = ["1,900 · 48%", "2,100 · 53%", "480 · 48%", "520 · 52%"];
    expect(page.all(".nbt-balance dd").map(textOf)).toEqual(shares);
    const bars = page.all(".nbt-lengths i").map((bar) => [bar.title, bar.style.getPropertyValue("--share")]);
    expect(bars[1]).toEqual(["27 to 50 tokens: 1,200 rows", String(1_200 / 1_800)]);
    for (const part of ["12 GiB", "Cut tokens8.0%", "will flatter"]) expect(said).toContain(part);
    expect(page.all(".nbt-settings code").map(textOf)).toEqual(["--batch-size 4"]);
  });

  it("has whatever a card has", async () => {
    const card = {
      balance: { train: { "<i>a</i>": 3, b: 1 } },
      odd: [1, 2],
      none: null,
      deep: { deeper: { deepest: 0.5 } },
    };
    const page = running({ facts: { card } });
    await page.press("Settings");
    const said = textOf(page.one(".nbt-settings"));
    for (const part of ["<i>a</i>", "3 · 75%", "1, 2", "Deepest", "0.5"]) expect(said).toContain(part);
    expect(page.el.querySelector("i > i, .nbt-settings i:not([aria-hidden])")).toBeNull();
  });
});

describe("figures", () => {
  it("are as exact as they are looked at", () => {
    expect([0.123456789, 2e-5, 1234567, 12345678, -0.5, 0, Number.NaN, null].map(exactValue)).toEqual([
      "0.1235",
      "2e−5",
      "1234570",
      "1.235e7",
      "−0.5",
      "0",
      "not finite",
      "not finite",
    ]);
    expect([0, 999, 1_500, 1_240_000_000, 999_700, 13_400_000_000].map(formatBytes)).toEqual([
      "0 B",
      "999 B",
      "1.5 KiB",
      "1.2 GiB",
      "976 KiB",
      "12 GiB",
    ]);
    expect([5, 61, 3_720].map(formatDuration)).toEqual(["5 s", "1 min 01 s", "1 h 02 min"]);
  });
});

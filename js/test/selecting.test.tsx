import { describe, expect, it } from "vitest";
import { encodeRows, FakeKernel, makeRows, type Sent } from "./fake";
import { golden } from "./golden";
import { drawn, onCleanPages, show } from "./page";

onCleanPages();

function header(rows: number, sections: unknown, change: Record<string, unknown> = {}) {
  const labels = ["low", "middle", "high"];
  const totals = { counts: [rows, 0, 0], without_score: 0 };
  const base = golden("single_label").header;
  return { ...base, labels, rows, totals, notes: [], facts: [], inline: true, sections, ...change };
}

/** A panel whose rows are all in the page. */
function local(rows = 30) {
  const { sections, payload } = encodeRows(
    makeRows(rows, 3, (at) => `text ${at}`),
    3,
  );
  return show({ header: header(rows, sections), payload, selection: [] });
}

/** A panel whose kernel has the rows, and answers at once. */
async function remote(count = 1000, change: Record<string, unknown> = {}) {
  const rows = makeRows(count, 3, (at) => `text ${at}`);
  const { sections, payload } = encodeRows(rows.slice(0, 100), 3);
  const panel = show({
    header: header(count, sections, { inline: false, ...change }),
    payload,
    selection: [],
  });
  const kernel = new FakeKernel(panel.model, rows, 3, { problem: "single_label", threshold: 0.5 });
  const answer = (message: Sent) => kernel.answer(message);
  panel.model.onSend = answer;
  await drawn();
  return { ...panel, answer };
}

type Panel = ReturnType<typeof show>;

const selected = (panel: Panel) => panel.model.get("selection");

async function press(panel: Panel, at: number, keys: MouseEventInit = {}, part = ".nbt-col-text") {
  const target = panel.one(`[data-at='${at}'] ${part}`);
  target.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ...keys }));
  await drawn();
}

async function type(panel: Panel, key: string, keys: KeyboardEventInit = {}) {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...keys });
  (document.activeElement ?? panel.el).dispatchEvent(event);
  await drawn();
  return event;
}

describe("selecting", () => {
  it("takes a row by its mark, and gives it back", async () => {
    const panel = local();
    await press(panel, 3, {}, ".nbt-col-select");
    await press(panel, 1, {}, ".nbt-col-select");
    expect(selected(panel)).toEqual([1, 3]);
    expect(panel.one("[data-at='3']").getAttribute("aria-selected")).toBe("true");
    expect(panel.all(".nbt-detail")).toHaveLength(0);
    await press(panel, 3, {}, ".nbt-col-select");
    expect(selected(panel)).toEqual([1]);
    expect(panel.model.saved).toBe(3);
  });

  it("takes a row by a press with ctrl or cmd, and a plain press still opens", async () => {
    const panel = local();
    await press(panel, 2, { ctrlKey: true });
    await press(panel, 4, { metaKey: true });
    expect(selected(panel)).toEqual([2, 4]);
    expect(panel.all(".nbt-detail")).toHaveLength(0);
    await press(panel, 4);
    expect(panel.one(".nbt-detail").textContent).toContain("text 4");
    expect(selected(panel)).toEqual([2, 4]);
  });

  it("takes a range with shift, which grows and shrinks from its first end", async () => {
    const panel = local();
    await press(panel, 9, { ctrlKey: true });
    await press(panel, 2, { ctrlKey: true });
    await press(panel, 5, { shiftKey: true });
    expect(selected(panel)).toEqual([2, 3, 4, 5, 9]);
    await press(panel, 3, { shiftKey: true });
    expect(selected(panel)).toEqual([2, 3, 9]);
    await press(panel, 0, { shiftKey: true });
    expect(selected(panel)).toEqual([0, 1, 2, 9]);
  });

  it("takes what is in sight, in the order in sight", async () => {
    const panel = local();
    await panel.click(".nbt-th.nbt-col-score button");
    const order = panel
      .all(".nbt-rows [data-at]")
      .sort((a, b) => Number(a.dataset.at) - Number(b.dataset.at))
      .map((row) => Number(row.querySelector(".nbt-col-text")?.textContent?.replace("text ", "")));
    await press(panel, 0, { ctrlKey: true });
    await press(panel, 2, { shiftKey: true });
    expect(selected(panel)).toEqual(order.slice(0, 3).sort((a, b) => a - b));
  });

  it("follows the keyboard", async () => {
    const panel = local();
    panel.one("[data-at='0']").focus();
    const space = await type(panel, " ");
    expect(space.defaultPrevented).toBe(true);
    expect(selected(panel)).toEqual([0]);
    await type(panel, "ArrowDown");
    await type(panel, "ArrowDown");
    await type(panel, " ");
    await type(panel, "ArrowDown", { shiftKey: true });
    await type(panel, "ArrowDown", { shiftKey: true });
    await type(panel, "ArrowUp", { shiftKey: true });
    expect(selected(panel)).toEqual([0, 2, 3]);
    expect((document.activeElement as HTMLElement).dataset.at).toBe("3");
    const all = await type(panel, "a", { ctrlKey: true });
    expect(all.defaultPrevented).toBe(true);
    expect((selected(panel) as number[]).length).toBe(30);
    const copy = await type(panel, "c", { ctrlKey: true });
    expect(copy.defaultPrevented).toBe(false);
  });

  it("says how many, clears, and selects all that are found", async () => {
    const panel = local();
    expect(panel.all(".nbt-selected")).toHaveLength(0);
    await press(panel, 4, { ctrlKey: true });
    expect(panel.one(".nbt-selected").textContent).toBe("1 selectedClearSelect all 30");
    const box = panel.one("input") as HTMLInputElement;
    box.value = "text 2";
    box.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn(300);
    const buttons = () => panel.all(".nbt-selected button");
    expect(buttons().at(-1)?.textContent).toBe("Select all 11 found");
    buttons().at(-1)?.click();
    await drawn();
    expect(selected(panel)).toEqual([2, 4, ...Array.from({ length: 10 }, (_, at) => 20 + at)]);
    expect(buttons()).toHaveLength(1);
    buttons()[0]?.click();
    await drawn();
    expect(selected(panel)).toEqual([]);
  });

  it("shows what Python selects", async () => {
    const panel = local();
    panel.model.change({ selection: [0, 7] });
    await drawn();
    expect(panel.all(".nbt-row-selected").map((row) => row.dataset.at)).toEqual(["0", "7"]);
    panel.model.change({ selection: [] });
    await drawn();
    expect(panel.all(".nbt-row-selected")).toHaveLength(0);
  });

  it("asks the kernel for rows that are not in the page", async () => {
    const panel = await remote();
    await press(panel, 1, { ctrlKey: true });
    const asked = panel.model.sent.length;
    await press(panel, 3, { shiftKey: true });
    expect(panel.model.sent).toHaveLength(asked);
    panel.all(".nbt-selected button").at(-1)?.click();
    await drawn();
    expect(panel.model.sent.at(-1)?.method).toBe("positions");
    expect((selected(panel) as number[]).length).toBe(1000);
  });

  it("forgets a question when something else is selected meanwhile", async () => {
    const panel = await remote();
    const held: Sent[] = [];
    panel.model.onSend = (message) => held.push(message);
    await press(panel, 1, { ctrlKey: true });
    panel.all(".nbt-selected button").at(-1)?.click();
    await drawn();
    expect(panel.one(".nbt-selected").textContent).toContain("Selecting…");
    await press(panel, 2, { ctrlKey: true });
    for (const message of held) panel.answer(message);
    await drawn();
    expect(selected(panel)).toEqual([1, 2]);
  });

  it("is there while the work goes on", async () => {
    const panel = await remote(1000, { partial: true, done: 100 });
    panel.model.sent.length = 0;
    await press(panel, 2, { ctrlKey: true });
    panel.all(".nbt-selected button").at(-1)?.click();
    await drawn();
    expect((selected(panel) as number[]).length).toBe(1000);
    expect(panel.model.sent).toEqual([]);
  });
});

describe("rows that the kernel looks for", () => {
  it("have a word when that takes its time, and none when it does not", async () => {
    const panel = await remote();
    const held: Sent[] = [];
    panel.model.onSend = (message) => held.push(message);
    const counter = () => panel.one(".nbt-counter").textContent;
    await panel.click(".nbt-th.nbt-col-score button");
    expect(counter()).toBe("1,000 rows");
    await drawn(400);
    expect(counter()).toBe("Sorting…");
    for (const message of held.splice(0)) panel.answer(message);
    await drawn();
    expect(counter()).toBe("1,000 rows");
    const box = panel.one("input") as HTMLInputElement;
    box.value = "text 2";
    box.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn(600);
    expect(counter()).toBe("Searching…");
    for (const message of held.splice(0)) panel.answer(message);
    await drawn();
    expect(counter()).toBe("111 of 1,000 rows");
  });
});

describe("exporting", () => {
  const written = { name: "tiny.csv", folder: "/home/you", rows: 30, size: "1.2 kB", notes: ["A note."] };

  it("asks for a format and for rows, and says where they went", async () => {
    const panel = local();
    await panel.click(".nbt-export-button");
    expect(panel.all(".nbt-segment").map((segment) => segment.textContent)).toEqual(["All 30 rows"]);
    panel.all(".nbt-export-formats button")[0]?.click();
    await drawn();
    const { id, params } = panel.model.sent.at(-1) as Sent;
    expect(params).toMatchObject({ format: "csv", which: "all", search: "", label: null });
    panel.model.receive({ type: "reply", id, ok: true, result: written });
    await drawn();
    const said = panel.one(".nbt-export-said").textContent;
    expect(said).toBe("tiny.csv · 30 rows · 1.2 kB · in /home/youA note.");
  });

  it("offers the rows found and the rows selected, and means the narrowest", async () => {
    const panel = local();
    await panel.click(".nbt-export-button");
    panel.model.change({ selection: [3, 4] });
    const box = panel.one("input") as HTMLInputElement;
    box.value = "text 2";
    box.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn(300);
    const names = () =>
      panel
        .all(".nbt-segment")
        .map((segment) => `${segment.textContent} ${segment.getAttribute("aria-pressed")}`);
    expect(names()).toEqual(["All 30 rows false", "11 rows found false", "2 rows selected true"]);
    panel.all(".nbt-segment")[1]?.click();
    await drawn();
    panel.all(".nbt-export-formats button")[1]?.click();
    await drawn();
    expect(panel.model.sent.at(-1)?.params).toMatchObject({
      format: "parquet",
      which: "found",
      search: "text 2",
    });
  });

  it("says what went wrong in one line, and tries again", async () => {
    const panel = local();
    await panel.click(".nbt-export-button");
    const csv = () => panel.all(".nbt-export-formats button")[0] as HTMLButtonElement;
    csv().click();
    await drawn(2000);
    expect(csv().disabled).toBe(true);
    expect(panel.one(".nbt-export-said").textContent).toContain("Waiting for the kernel…");
    const error = "tiny.csv cannot be written: No space left on device. Give a path in another folder.";
    panel.model.receive({ type: "reply", id: panel.model.sent.at(-1)?.id, ok: false, error });
    await drawn();
    expect(panel.one(".nbt-export-said .nbt-bad").textContent).toBe(error);
    expect(csv().disabled).toBe(false);
  });

  it("shows names as text", async () => {
    const panel = local();
    await panel.click(".nbt-export-button");
    panel.all(".nbt-export-formats button")[0]?.click();
    await drawn();
    const hostile = "<img src=x onerror=alert(1)>";
    const result = { ...written, name: hostile, folder: hostile, notes: [hostile] };
    panel.model.receive({ type: "reply", id: panel.model.sent.at(-1)?.id, ok: true, result });
    await drawn();
    expect(panel.el.querySelector("img")).toBeNull();
    expect(panel.one(".nbt-export-said strong").textContent).toBe(hostile);
  });
});

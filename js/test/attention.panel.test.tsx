import { describe, expect, it } from "vitest";
import type { AttentionHeader } from "../src/wire/attention";
import type { Sent } from "./fake";
import { type FakeAttention, FakeAttentionKernel, type FakeToken, fakeAttention } from "./fakeattention";
import { attentionCase } from "./goldenattention";
import { drawn, onCleanPages, show } from "./page";

onCleanPages();

const TOKENS: FakeToken[] = [
  ["[CLS]", "[CLS]", 1],
  ["un", "un", 0],
  ["##happy", "happy", 2],
  ["<b>cat</b>", "<b>cat</b>", 0],
  ["قطة", "قطة", 0],
  ["[SEP]", "[SEP]", 1],
];

function inspector(change: Partial<FakeAttention> = {}, header: Partial<AttentionHeader> = {}) {
  const fake: FakeAttention = { tokens: TOKENS, layers: 2, heads: 3, ...change, header };
  return withTabs(show({ ...fakeAttention(fake) }), fake);
}

function golden(name: Parameters<typeof attentionCase>[0], change: Record<string, unknown> = {}) {
  const { header, payload } = attentionCase(name);
  return withTabs(show({ kind: "attention", header: { ...header, ...change }, payload }));
}

function withTabs(page: ReturnType<typeof show>, fake?: FakeAttention) {
  const kernel = fake && new FakeAttentionKernel(page.model, fake);
  const press = async (title: string) => {
    const button = page.all("button").find(({ textContent }) => textContent?.trim() === title);
    if (!button) throw new Error(`no button ${title}`);
    button.click();
    await drawn();
  };
  const asked = (method?: string) =>
    page.model.sent.filter(({ type, method: one }) => type === "request" && (!method || one === method));
  const answer = async (sent: Sent | undefined) => {
    if (sent) kernel?.answer(sent);
    await drawn();
  };
  const answered = new Set<Sent>();
  /** Have every question of a kind answered that has not been. */
  const answerAll = async (method: string) => {
    const next = () => asked(method).find((sent) => !answered.has(sent));
    // What is answered makes room for more.
    for (let sent = next(); sent; sent = next()) {
      answered.add(sent);
      await answer(sent);
    }
  };
  const keys = async (...names: string[]) => {
    page.one("canvas[tabindex]").focus();
    for (const name of names) await page.key(name);
  };
  const value = () => page.one(".nbt-readout .nbt-value-big").textContent;
  const ends = () => page.all(".nbt-readout .nbt-pair p > span").map(({ textContent }) => textContent);
  return { ...page, press, asked, answer, answerAll, keys, value, ends };
}

const tabsOf = (page: ReturnType<typeof inspector>) =>
  page.all('nav [aria-label="View"] button').map(({ textContent }) => textContent);

describe("the views", () => {
  it("are those that the result has", () => {
    const all = ["Grid", "Matrix", "Lines", "Steps", "Summary"];
    expect(tabsOf(inspector())).toEqual([...all, "What if"]);
    expect(tabsOf(golden("encoder"))).toEqual(all);
  });

  it("of several parts are switched between", async () => {
    const page = golden("encoder-decoder");
    expect(page.all('[aria-label="Attention"] button').map(({ textContent }) => textContent)).toEqual([
      "Self",
      "Cross",
      "Encoder",
    ]);
    await page.press("Cross");
    await page.press("Matrix");
    await page.keys("ArrowDown", "ArrowRight");
    expect(page.ends()).toEqual(["Gut", "day"]);
    // A result of one of them begins there.
    const cross = golden("encoder-decoder", { part: "cross" });
    expect(cross.one('[aria-label="Attention"] [aria-pressed="true"]').textContent).toBe("Cross");
    await page.press("Summary");
    // No token flows from one text into another by itself.
    expect(page.all("button").some(({ textContent }) => textContent === "Rollout")).toBe(false);
  });

  it("make no element of a token's text", async () => {
    const page = inspector();
    for (const title of tabsOf(page)) {
      await page.press(String(title));
      expect(page.all("b, img")).toEqual([]);
    }
  });

  it("of one token are shown, too", async () => {
    const page = golden("one token");
    for (const title of tabsOf(page)) await page.press(String(title));
    await page.press("Matrix");
    await page.keys("ArrowRight");
    expect([page.value(), page.ends()]).toEqual(["1.00000", ["alone", "alone"]]);
  });
});

describe("the grid", () => {
  it("is walked through by keys, tells of each head, and opens one", async () => {
    const page = inspector();
    await page.keys("ArrowDown", "ArrowDown", "ArrowRight");
    expect(page.one(".nbt-head-facts strong").textContent).toBe("Layer 1 · head 1");
    expect(page.one(".nbt-head-facts").textContent).toMatch(/Entropy[\d.]+ nats/);
    await page.key("Enter");
    expect(page.one(".nbt-map").getAttribute("aria-label")).toBe("Attention of layer 1, head 1");
  });

  it("offers what was measured, and no more", () => {
    const page = inspector();
    const options = page.all('select[aria-label="Colour"] option').map(({ textContent }) => textContent);
    expect(options).toEqual([
      "Weights",
      "Entropy",
      "Mean distance",
      "On special tokens",
      "On the first token",
    ]);
  });

  it("of a long text says what it is drawn from, and looks closer while it is in sight", async () => {
    const page = golden("long");
    expect(page.one('[role="note"].nbt-aside').textContent).toBe("from 256 of 600 tokens");
    expect(page.asked("measures")).toEqual([]);
    await drawn(1_100);
    expect(page.asked("measures").map(({ params }) => params)).toEqual([{ part: "self", layer: 0 }]);
    await page.press("Matrix");
    const [measures] = page.asked("measures");
    expect(page.model.sent.some(({ type, id }) => type === "cancel" && id === measures?.id)).toBe(true);
  });

  it("asks for the tokens that did not come with the header", async () => {
    const page = golden("long");
    await drawn();
    const asked = page.asked("tokens").map(({ params }) => params);
    expect(asked).toEqual([{ side: "queries", start: 500, stop: 600 }]);
  });
});

describe("the matrix", () => {
  it("tells the weight of a cell and both its tokens, and asks nothing where all is here", async () => {
    const page = golden("decoder");
    await page.press("Matrix");
    await page.keys("ArrowDown", "ArrowRight");
    const { reading } = attentionCase("decoder");
    const [part] = reading.header.parts;
    const weights = part && reading.weights(part, 0, 0);
    expect(page.value()).toBe(weights?.[6]?.toFixed(5));
    expect(page.ends()).toEqual(["cat", "cat"]);
    expect(page.asked()).toEqual([]);
  });

  it("goes from head to head and from layer to layer, by keys and by buttons", async () => {
    const page = inspector();
    await page.press("Matrix");
    const label = () => page.one(".nbt-map").getAttribute("aria-label");
    await page.keys("]", "]", "]");
    expect(label()).toBe("Attention of layer 1, head 0");
    await page.keys("[", "PageUp");
    expect(label()).toBe("Attention of layer 0, head 2");
    await page.click('[aria-label="Next layer"]');
    expect(label()).toBe("Attention of layer 1, head 2");
    const input = page.one('input[aria-label^="Head"]') as HTMLInputElement;
    input.value = "7";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.value = "1";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn();
    expect(label()).toBe("Attention of layer 1, head 1");
  });

  it("goes by the heads that a layer has, some fewer than others", async () => {
    const { kind, header, payload } = fakeAttention({ tokens: TOKENS, layers: 2, heads: 3 });
    const { offset = 0 } = header.sections.find(({ name }) => name === "self_measures") ?? {};
    // Nothing is measured of head 2 of layer 0: there is none.
    for (let measure = 0; measure < 7; measure++)
      payload.setFloat32(offset + 4 * (measure * 6 + 2), Number.NaN, true);
    const page = withTabs(show({ kind, header, payload }));
    await page.keys("ArrowRight", "ArrowRight", "ArrowRight", "Enter");
    const label = () => page.one(".nbt-map").getAttribute("aria-label");
    expect(label()).toBe("Attention of layer 0, head 1");
    await page.keys("]");
    expect(label()).toBe("Attention of layer 1, head 0");
    await page.keys("]", "]", "PageUp");
    expect(label()).toBe("Attention of layer 0, head 1");
    await page.keys("PageDown", "[", "[");
    expect(label()).toBe("Attention of layer 0, head 1");
  });

  it("leaves out special tokens, and takes the tokens of a word together", async () => {
    const page = inspector();
    await page.press("Matrix");
    await page.press("Hide special");
    await page.keys("ArrowLeft");
    expect(page.ends()).toEqual(["un", "un"]);
    await page.press("Words");
    await page.keys("ArrowLeft");
    expect(page.ends()).toEqual(["unhappy", "unhappy"]);
    for (let times = 0; times < 9; times++) await page.keys("ArrowRight", "ArrowDown");
    expect(page.ends()).toEqual(["قطة", "قطة"]);
  });

  it("of special tokens alone says that none is left", async () => {
    const page = inspector({ tokens: [["[CLS]", "[CLS]", 1]] });
    await page.press("Matrix");
    await page.press("Hide special");
    expect(page.one(".nbt-none").textContent).toMatch(/only special/);
  });

  it("keeps a cell, whose query is then looked at in the other views and known to Python", async () => {
    const page = inspector();
    await page.press("Matrix");
    await page.keys("ArrowDown", "ArrowDown", "Enter");
    await page.press("Its lines");
    expect(page.model.get("selection")).toEqual([2]);
    expect(tabsOf(page).length).toBe(6);
    expect(page.one('nav [aria-pressed="true"]').textContent).toBe("Lines");
  });

  it("that is not here is asked for where one looks, an overview in haste first", async () => {
    const tokens: FakeToken[] = Array.from({ length: 1200 }, (_, at) => [`t${at}`, ` t${at}`, 0]);
    const page = inspector({ tokens, layers: 1, heads: 1, causal: true });
    await page.press("Matrix");
    await drawn(200);
    expect(page.asked("tile").length).toBe(1);
    await drawn(400);
    const tiles = page.asked("tile").map(({ params }) => params);
    const where = { part: "self", layer: 0, head: 0, pooling: "max" };
    expect(tiles[0]).toEqual({ ...where, rows: [0, 1200, 150], columns: [0, 1200, 150], quick: true });
    expect(tiles[1]).toEqual({ ...where, rows: [0, 1200, 150], columns: [0, 1200, 150] });
    expect(tiles.slice(2).every((params) => !params?.quick)).toBe(true);
    await page.answerAll("tile");
    await page.keys("ArrowRight");
    expect(page.one(".nbt-readout").textContent).toMatch(/the greatest of \d+ weights/);
    // As near as it goes, a cell is a weight.
    await page.keys(...new Array(14).fill("+"), "ArrowLeft");
    for (let times = 0; times < 3; times++) {
      await drawn(400);
      await page.answerAll("tile");
    }
    const last = page.asked("tile").at(-1) as Sent;
    const [start = 0, stop, cells] = (last.params?.rows ?? []) as number[];
    expect((stop ?? 0) - start).toBe(cells);
    await page.keys("ArrowRight");
    expect(page.ends().length).toBe(2);
    // Whoever looks by row needs the greatest of each; by words and without special tokens it is another map.
    for (const title of ["By row", "Words", "Hide special", "Mean"]) {
      await page.press(title);
      await drawn(600);
      await page.answerAll("tile");
    }
    expect(page.asked("tile").at(-1)?.params).toMatchObject({
      pooling: "mean",
      row_most: true,
      words: true,
      hide_special: true,
    });
  });

  it("asks for what is looked at last, however fast one goes from head to head", async () => {
    const tokens: FakeToken[] = Array.from({ length: 1200 }, (_, at) => [`t${at}`, ` t${at}`, 0]);
    const page = inspector({ tokens, layers: 1, heads: 9, causal: true });
    await page.press("Matrix");
    page.one("canvas[tabindex]").focus();
    for (let times = 0; times < 8; times++) {
      await drawn(400);
      await page.key("]");
    }
    await drawn(400);
    // A kernel that is at work with the first has no more to do before the last.
    expect(page.asked("tile").map(({ params }) => params?.head)).toEqual([0, 0]);
    await page.answer(page.asked("tile")[0]);
    await drawn(400);
    expect(page.asked("tile").map(({ params }) => params?.head)).toEqual([0, 0, 8, 8]);
    expect(page.asked("tile")[2]?.params).toMatchObject({ quick: true });
  });

  it("offers ways to take weights together only where a cell is of several", async () => {
    for (const [count, offered] of [
      [300, false],
      [1200, true],
    ] as const) {
      const tokens: FakeToken[] = Array.from({ length: count }, (_, at) => [`t${at}`, ` t${at}`, 0]);
      const page = inspector({ tokens, layers: 1, heads: 1, whole: 0 });
      await page.press("Matrix");
      expect(page.all('[aria-label="Cells of several weights"]').length > 0).toBe(offered);
      page.close();
    }
  });

  it("says why a part is not there, and asks again only when one wants that", async () => {
    const page = inspector({ whole: 0 });
    await page.press("Matrix");
    await drawn(200);
    const { length } = page.asked("tile");
    for (const { id } of page.asked("tile"))
      page.model.receive({ type: "reply", id, ok: false, error: "The model is gone." });
    await drawn(500);
    expect(page.one(".nbt-wait").textContent).toMatch(/The model is gone/);
    expect(page.asked("tile").length).toBe(length);
    await page.click(".nbt-wait button");
    await drawn(200);
    expect(page.asked("tile").length).toBeGreaterThan(length);
    await page.answerAll("tile");
    expect(page.all(".nbt-wait")).toEqual([]);
  });

  it("of a difference tells less from more", async () => {
    const page = golden("difference");
    await page.press("Matrix");
    expect(page.one(".nbt-map-legend").textContent).toMatch(/Difference−/);
    await page.keys("ArrowDown", "ArrowRight");
    expect(page.value()).toMatch(/^−/);
  });
});

describe("the summary", () => {
  it("asks for the mean, for the rollout, and for the flow of a token", async () => {
    const page = inspector({ whole: 0 });
    await page.press("Summary");
    await drawn(200);
    expect(page.asked("tile").at(-1)?.params).toMatchObject({ layer: 0, head: "mean" });
    await page.answerAll("tile");
    await page.press("Rollout");
    await drawn(200);
    expect(page.asked("tile").at(-1)?.params).toMatchObject({ layer: "rollout" });
    await page.answerAll("tile");
    await page.press("Flow of a token");
    await page.click('[aria-label="Next token"]');
    await page.press("What is in it");
    await drawn(200);
    expect(page.asked("flow").at(-1)?.params).toEqual({ part: "self", token: 1, direction: "to" });
    await page.answer(page.asked("flow").at(-1));
    await page.keys("ArrowDown");
    expect(page.one(".nbt-readout").textContent).toMatch(/of \[CLS\] \(0\) in this token after layer 1/);
  });

  it("of a long text says that a rollout is of stretches, and promises no single weights", async () => {
    const tokens: FakeToken[] = Array.from({ length: 1200 }, (_, at) => [`t${at}`, ` t${at}`, 0]);
    const page = inspector({ tokens, layers: 1, heads: 1, whole: 0 });
    await page.press("Summary");
    expect(page.one(".nbt-map-legend").textContent).toMatch(/zoom in for single weights/);
    await page.press("Rollout");
    await drawn(200);
    await page.answer(page.asked("tile").at(-1));
    expect(page.one(".nbt-map-legend").textContent).toMatch(/The text is parted into stretches/);
    expect(page.one(".nbt-map-legend").textContent).not.toMatch(/zoom in/);
    await page.keys("ArrowRight");
    expect(page.one(".nbt-readout").textContent).toMatch(/from tokens 0–\d+ to tokens 0–\d+/);
    expect(page.one(".nbt-readout").textContent).not.toMatch(/until all have come/);
  });

  it("is made here where all weights are", async () => {
    const page = golden("encoder");
    await page.press("Summary");
    await page.press("Flow of a token");
    await page.keys("ArrowDown");
    expect(Number(page.value())).toBeGreaterThan(0);
    expect(page.asked()).toEqual([]);
  });
});

describe("the steps", () => {
  it("of what was read from a file say what to do, and nothing is asked for", async () => {
    const page = inspector({}, { has_steps: false, can: [] });
    await page.press("Steps");
    expect(page.one(".nbt-steps").textContent).toMatch(/look at the text with its model again/);
    expect([...page.asked("steps"), ...page.all(".nbt-wait")]).toEqual([]);
    const other = inspector({}, { has_steps: false });
    await other.press("Steps");
    expect(other.one(".nbt-steps").textContent).toMatch(/does not give away its queries and keys/);
  });
});

describe("what if", () => {
  it("takes heads out, and tells what the model then predicts", async () => {
    const page = inspector();
    await page.press("What if");
    await page.keys("ArrowLeft", "Enter", "ArrowDown", "ArrowRight", "Enter");
    await page.press("To their mean");
    await page.press("Predict without 2 heads");
    const [sent] = page.asked("ablate");
    expect(sent?.params).toEqual({
      heads: [
        ["self", 0, 0],
        ["self", 1, 1],
      ],
      how: "mean",
    });
    await page.answer(sent);
    expect(page.all(".nbt-predicted tbody tr").map(({ textContent }) => textContent)).toEqual([
      "·Paris0.6100.310−0.300",
      "·the0.2000.330+0.130",
      "电影0.0500.020−0.030",
      "·قطة0.0010.004+0.003",
    ]);
    await page.press("Put all back");
    expect(
      page.all(".nbt-whatif button").some(({ textContent }) => textContent === "Predict without 0 heads"),
    ).toBe(true);
  });

  it("says of which heads and how it told, also when others are chosen since, and nothing of another text", async () => {
    const page = inspector();
    const told = () => page.all(".nbt-whatif .nbt-aside").map(({ textContent }) => textContent)[1];
    await page.press("What if");
    await page.keys("ArrowLeft", "Enter");
    await page.press("Predict without 1 head");
    await page.answerAll("ablate");
    expect(told()).toBe("Without head 0.0 (layer.head), set to zero:");
    await page.press("To their mean");
    await page.keys("ArrowDown", "ArrowRight", "Enter");
    expect(told()).toBe("Without head 0.0 (layer.head), set to zero:");
    await page.press("Predict without 2 heads");
    await page.answerAll("ablate");
    expect(told()).toBe("Without heads 0.0, 1.1 (layer.head), set to their mean:");
    // Another text: what was said of the one before is no longer there.
    const { header, payload } = fakeAttention({ tokens: TOKENS.slice(0, 4), layers: 2, heads: 3 });
    page.model.set("header", header);
    page.model.set("payload", payload);
    await drawn();
    expect(page.all(".nbt-predicted")).toEqual([]);
    expect(told()).toBeUndefined();
  });

  it("tells two tokens apart that are spelled alike", async () => {
    const page = inspector();
    await page.press("What if");
    await page.keys("ArrowLeft", "Enter");
    const rows = () => page.all(".nbt-predicted tbody tr").map(({ textContent }) => textContent);
    for (const [before, after] of [
      [0.5, 0.25],
      [0.125, 0.5],
    ]) {
      await page.press("Predict without 1 head");
      const { id } = page.asked("ablate").at(-1) as Sent;
      const told = { what: "next token", labels: ["\ufffd", "\ufffd"], change: 0.1 };
      const result = { ...told, before: [before, 0.1], after: [after, 0.1] };
      page.model.receive({ type: "reply", id, ok: true, result });
      await drawn();
      expect(rows().length).toBe(2);
    }
    expect(rows()[0]).toBe("\ufffd0.1250.500+0.375");
  });

  it("has fields whose keys the notebook does not take for its own", async () => {
    const page = inspector();
    await page.press("What if");
    const heard: string[] = [];
    const listen = ({ key }: KeyboardEvent) => heard.push(key);
    document.addEventListener("keydown", listen);
    const fields = page.all(".nbt-whatif :is(textarea, input)");
    expect(fields.length).toBe(2);
    for (const field of fields)
      field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    document.removeEventListener("keydown", listen);
    expect(heard).toEqual([]);
  });

  it("reads another text, or shows the difference to it", async () => {
    const page = inspector({}, { text: "a cat", pair_text: "a dog" });
    await page.press("What if");
    const [text, pair] = page.all("textarea") as HTMLTextAreaElement[];
    expect([text?.value, pair?.value]).toEqual(["a cat", "a dog"]);
    (pair as HTMLTextAreaElement).value = "قطة <b>";
    pair?.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn();
    await page.press("Look at this text");
    expect(page.asked("edit")[0]?.params).toEqual({ text: "a cat", pair: "قطة <b>", target: null });
    const { id } = page.asked("edit")[0] as Sent;
    page.model.receive({ type: "reply", id, ok: false, error: "Another text is being read." });
    await drawn();
    expect(page.one(".nbt-bad").textContent).toBe("Another text is being read.");
  });

  it("asks for the whole of a text that came clipped before it is changed", async () => {
    const page = inspector({}, { clipped: true, text: "the beg" });
    await page.press("What if");
    await drawn();
    const [sent] = page.asked("texts") as [Sent];
    const result = { text: "the beginning and the end", pair_text: null, target_text: null };
    page.model.receive({ type: "reply", id: sent.id, ok: true, result });
    await drawn();
    expect((page.one("textarea") as HTMLTextAreaElement).value).toBe("the beginning and the end");
    // And counts as changed only then.
    const look = () =>
      page.all("button").find(({ textContent }) => textContent === "Look at this text") as HTMLButtonElement;
    expect(look().disabled).toBe(true);
    const text = page.one("textarea") as HTMLTextAreaElement;
    text.value += ".";
    text.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn();
    expect(look().disabled).toBe(false);
  });

  it("is stopped while another text is read: nothing else can be asked for until then", async () => {
    const page = inspector();
    expect(page.all(".nbt-stop")).toEqual([]);
    const progress = { stage: "running", message: "Reading the text", done: 1, total: 12, unit: "layers" };
    page.model.set("progress", { ...progress, tokens_per_s: null, eta_s: null, stop: "message" });
    await drawn();
    await page.click(".nbt-progress .nbt-stop button");
    expect(page.model.sent.at(-1)).toEqual({ type: "stop" });
    // The button of work in a cell is the notebook's own.
    page.model.set("progress", { ...progress, tokens_per_s: null, eta_s: null, stop: "interrupt" });
    await drawn();
    expect(page.all(".nbt-stop")).toEqual([]);
  });

  it("compares with another model", async () => {
    const page = inspector();
    await page.press("What if");
    const input = page.one('input[aria-label^="A model"]') as HTMLInputElement;
    input.value = " runs/mine ";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn();
    input.form?.requestSubmit();
    await drawn();
    expect(page.asked("against")[0]?.params).toEqual({ model: "runs/mine" });
  });

  it("goes back to what was shown before", async () => {
    const page = golden("difference", { depth: 1 });
    await page.press("↶ Back");
    expect(page.asked("back").length).toBe(1);
  });
});

describe("the panel", () => {
  it("writes the head that is looked at into a file", async () => {
    const page = inspector();
    await page.keys("ArrowDown", "ArrowDown", "Enter");
    await page.press("Export");
    await page.press("SVG");
    const [sent] = page.asked("export") as [Sent];
    expect(sent.params).toEqual({ what: "svg", part: "self", layer: 1, head: 0 });
    await page.answer(sent);
    expect(page.one(".nbt-export-said").textContent).toBe("a-model.svg · 1.2 kB · in /home/you/notebooks");
  });

  it("shows the plain program that gives the same", async () => {
    const page = inspector();
    await page.press("Export");
    await page.press("Code");
    await page.answerAll("code");
    expect(page.one(".nbt-code pre").textContent).toBe("import torch\n\ntext = '<b>电影</b>'\n");
    expect(page.all(".nbt-code b")).toEqual([]);
  });

  it("looks at the same place of another result, as far as that has it", async () => {
    const page = inspector();
    await page.press("Matrix");
    await page.keys("PageDown", "]", "]");
    page.model.change(fakeAttention({ tokens: TOKENS.slice(0, 3), layers: 2, heads: 2 }));
    await drawn();
    expect(page.one(".nbt-map").getAttribute("aria-label")).toBe("Attention of layer 1, head 1");
  });

  it("keeps the token that Python selects", async () => {
    const page = inspector();
    await page.press("Steps");
    page.model.change({ selection: [3] });
    await drawn();
    expect(page.one('[aria-label="query token"]').textContent).toMatch(/<b>cat<\/b>/);
  });
});

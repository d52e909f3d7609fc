import { describe, expect, it } from "vitest";
import type { AttentionHeader } from "../src/wire/attention";
import { type NamedArray, pack, type Sent } from "./fake";
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
const LONG: FakeToken[] = Array.from({ length: 600 }, (_, at) => [`t${at}`, `t${at}`, 0]);

async function view(
  title: string,
  change: Partial<FakeAttention> = {},
  header: Partial<AttentionHeader> = {},
) {
  const fake: FakeAttention = { tokens: TOKENS, layers: 2, heads: 3, ...change, header };
  const page = show(fakeAttention(fake));
  const kernel = new FakeAttentionKernel(page.model, fake);
  const opened = await at(page, title);
  const answer = async () => {
    for (const sent of page.model.sent.splice(0)) kernel.answer(sent);
    await drawn();
  };
  return { ...opened, answer };
}

async function at(page: ReturnType<typeof show>, title: string) {
  const press = async (name: string) => {
    const button = page
      .all("button")
      .find((one) => one.textContent?.trim() === name || one.getAttribute("aria-label") === name);
    if (!button) throw new Error(`no button ${name}`);
    button.click();
    await drawn();
  };
  await press(title);
  const column = (name: string) => page.one(`[role="listbox"][aria-label="${name} tokens"]`);
  const tokens = (name: string) => [...column(name).querySelectorAll<HTMLElement>('[role="option"]')];
  const point = async (name: string, place: number) => {
    tokens(name)[place]?.dispatchEvent(new Event("pointermove", { bubbles: true }));
    await drawn(1);
  };
  const texts = (name: string) => tokens(name).map(({ textContent }) => textContent);
  const lines = () => page.all(".nbt-lines-middle path");
  const listed = () => page.all(".nbt-lines-readout li").map(({ textContent }) => textContent);
  const asked = (method: string) => page.model.sent.filter((sent) => sent.method === method);
  return { ...page, press, column, tokens, point, texts, lines, listed, asked };
}

describe("the lines", () => {
  it("of a short text ask nothing, and make no element of a token's text", async () => {
    const page = await view("Lines");
    expect(page.texts("Query")).toEqual(["[CLS]", "un", "happy", "<b>cat</b>", "قطة", "[SEP]"]);
    expect(page.lines().length).toBe(36);
    await page.point("Query", 3);
    expect(page.lines().length).toBe(6);
    expect(page.one(".nbt-lines-of").textContent).toBe("From <b>cat</b>3");
    expect(page.listed().length).toBe(6);
    await page.press("Head 2");
    expect(page.lines().length).toBe(12);
    expect(page.all("b")).toEqual([]);
    expect(["edges", "rows"].flatMap(page.asked)).toEqual([]);
  });

  it("take the tokens of a word together, and leave special ones out", async () => {
    const page = await view("Lines");
    for (const title of ["Words", "Hide special"]) await page.press(title);
    expect(page.texts("Key")).toEqual(["unhappy", "<b>cat</b>", "قطة"]);
    expect(page.tokens("Key").map((token) => token.querySelector("bdi")?.dir)).toEqual(["ltr", "ltr", "rtl"]);
    expect(page.lines().length).toBe(9);
    const alone = await view("Lines", { tokens: [TOKENS[0], TOKENS[5]] as FakeToken[] });
    await alone.press("Hide special");
    expect(alone.one(".nbt-lines").textContent).toMatch(/no token to show/);
  });

  it("of a long text are asked for where one looks, and a query's when one rests there", async () => {
    const page = await view("Lines", { tokens: LONG });
    await drawn(100);
    expect(page.asked("edges").map(({ params }) => params)).toEqual([
      { part: "self", layer: 0, heads: [0], rows: [0, 32], columns: [0, 32], most: 2_000 },
    ]);
    await page.answer();
    expect(page.lines().length).toBe(400);
    expect(page.one(".nbt-lines-readout").textContent).toMatch(/The 400 strongest lines/);
    for (const place of [2, 3, 4]) await page.point("Query", place);
    // Its part of what is in sight is drawn at once.
    expect(page.lines().length).toBe(22);
    await drawn(100);
    expect(page.asked("rows").map(({ params }) => params?.queries)).toEqual([[4]]);
    await page.answer();
    expect(page.listed().length).toBe(8);
    expect(page.one(".nbt-lines-readout .nbt-aside").textContent).toMatch(/0% above, \d+% below/);
    await page.point("Key", 5);
    await drawn(100);
    expect(page.asked("edges").at(-1)?.params).toMatchObject({ rows: [0, 32], columns: [5, 6] });
    // What is known is not asked for again.
    await page.answer();
    await page.point("Query", 4);
    await drawn(100);
    expect(page.asked("rows")).toEqual([]);
  });

  it("of a long text by words are those of whole words, not of their strongest tokens", async () => {
    const tokens = LONG.map(([piece, text], at): FakeToken => [piece, text, at % 3 === 0 ? 0 : 2]);
    const page = await view("Lines", { tokens });
    await page.press("Words");
    await drawn(100);
    expect(page.asked("edges").at(-1)?.params).toMatchObject({
      words: true,
      rows: [0, 96],
      columns: [0, 96],
    });
    await page.answer();
    await page.point("Key", 4);
    await drawn(100);
    expect(page.asked("edges").at(-1)?.params).toMatchObject({ words: true, columns: [12, 15] });
    await page.answer();
    const toKey = page.all(".nbt-lines-readout li").map(({ title }) => Number(title));
    // The same by the rows of one query word, which are exact.
    const [query] = page
      .all(".nbt-lines-readout li .nbt-lines-place")
      .map(({ textContent }) => Number(textContent));
    await page.point("Query", Number(query) / 3);
    await drawn(100);
    await page.answer();
    const fromQuery = page.all(".nbt-lines-readout li").map(({ title }) => Number(title));
    expect(fromQuery.some((weight) => Math.abs(weight - (toKey[0] ?? 0)) < 1e-6)).toBe(true);
  });

  it("say why they are not there, and are asked for again when one wants that", async () => {
    const page = await view("Lines", { tokens: LONG });
    await drawn(100);
    const [first] = page.asked("edges");
    page.model.receive({ type: "reply", id: first?.id, ok: false, error: "The model is gone." });
    await drawn(200);
    expect(page.one(".nbt-wait").textContent).toMatch(/The model is gone/);
    expect(page.asked("edges").length).toBe(1);
    await page.press("Try again");
    await drawn(100);
    expect(page.asked("edges").length).toBe(2);
    await page.answer();
    expect(page.all(".nbt-wait")).toEqual([]);
    expect(page.lines().length).toBe(400);
  });

  it("are walked through by keys, which keep a token and let it go", async () => {
    const page = await view("Lines");
    page.column("Query").focus();
    for (const key of ["ArrowDown", "ArrowDown", "Enter"]) await page.key(key);
    expect(page.tokens("Query")[1]?.getAttribute("aria-selected")).toBe("true");
    // Others are pointed at in vain, a key tells of this weight alone.
    await page.point("Query", 4);
    expect(page.one(".nbt-lines-of").textContent).toBe("From un1");
    await page.point("Key", 4);
    expect(page.listed().length).toBe(1);
    await page.key("ArrowRight");
    expect(document.activeElement).toBe(page.column("Key"));
    for (const key of ["End", "Enter"]) await page.key(key);
    expect(page.one(".nbt-lines-of").textContent).toBe("To [SEP]5");
    expect(page.all('[aria-selected="true"]').length).toBe(1);
    await page.key("Escape");
    expect(page.lines().length).toBe(36);
  });

  it("show one head at least", async () => {
    const page = await view("Lines");
    await page.press("Head 0");
    expect(page.lines().length).toBe(36);
    await page.press("Head 1");
    await page.press("Head 0");
    expect(page.one('[aria-label^="Head, from"]')).toHaveProperty("value", "1");
    await page.press("All");
    expect(page.lines().length).toBe(3 * 36);
    await page.press("Only 1");
    expect(page.lines().length).toBe(36);
  });

  it("are of the heads that a layer has", async () => {
    const fake = { tokens: TOKENS, layers: 2, heads: 3 };
    const { header, payload, kind } = fakeAttention(fake);
    const { offset = 0 } = header.sections.find(({ name }) => name === "self_measures") ?? {};
    // Nothing is measured of head 2 of layer 0: there is none.
    for (let measure = 0; measure < 7; measure++)
      payload.setFloat32(offset + 4 * (measure * 6 + 2), Number.NaN, true);
    const page = await at(show({ kind, header, payload }), "Lines");
    await page.press("All");
    expect(page.all(".nbt-headlegend [aria-pressed='true']").map(({ textContent }) => textContent)).toEqual([
      "0",
      "1",
    ]);
    expect(page.lines().length).toBe(2 * 36);
  });

  it("of a difference tell less from more by their colour", async () => {
    const { header, payload } = attentionCase("difference");
    const page = await at(show({ kind: "attention", header, payload }), "Lines");
    const colours = new Set(page.lines().map(({ style }) => style.stroke));
    expect(colours).toEqual(new Set(["var(--nbt-blue)", "var(--nbt-orange)"]));
  });
});

describe("the lines of a decoder to its encoder", () => {
  it("go from one text to the other, and scroll apart", async () => {
    const { header, payload } = attentionCase("encoder-decoder");
    const page = await at(show({ kind: "attention", header, payload }), "Cross");
    await page.press("Lines");
    expect(page.texts("Query")).toEqual(["<pad>", "Gut", "en"]);
    expect(page.texts("Key")).toEqual(["good", "·day", "</s>", "·day"]);
    expect(page.lines().length).toBe(12);
    await page.point("Key", 1);
    expect(page.lines().length).toBe(3);
    expect(page.one(".nbt-lines").textContent).not.toMatch(/Scroll together/);
  });
});

describe("the steps", () => {
  const steps = (facts: object, extra: NamedArray[] = []) => {
    const { sections, payload } = pack([
      ["q", Float32Array.of(1, 2), [2]],
      ["keys", Uint32Array.of(1, 3), [2]],
      ["k", Float32Array.of(3, 1, 0, -1), [2, 2]],
      ["products", Float32Array.of(3, 2, 0, -2), [2, 2]],
      ["scores", Float32Array.of(2.5, Number.NEGATIVE_INFINITY), [2]],
      ["masked", Uint8Array.of(0, 1), [2]],
      ["weights", Float32Array.of(1, 0), [2]],
      ["v", Float32Array.of(1, 0, 0, 1), [2, 2]],
      ["head_output", Float32Array.of(1, 0), [2]],
      ["concatenated", Float32Array.of(1, 0, 0, 0, 0, 0), [6]],
      ["projected", Float32Array.of(0.5), [1]],
      ...extra,
    ]);
    const known = { query: 4, scaling: 0.5, softcap: null, sink: null, dims: 2, keys: 6, masked_keys: 1 };
    return { result: { ...known, log_sum: 2.5, ...facts, sections }, payload };
  };
  const reply = async (
    page: Awaited<ReturnType<typeof view>>,
    sent: Sent | undefined,
    answer: ReturnType<typeof steps>,
  ) => {
    page.model.receive({ type: "reply", id: sent?.id, ok: true, result: answer.result }, [answer.payload]);
    await drawn();
  };
  const titles = (page: Awaited<ReturnType<typeof view>>) =>
    page.all(".nbt-steps-table thead tr:last-child th").map(({ textContent }) => textContent);

  it("are asked for of the last token that is not special, and go from token to token", async () => {
    const page = await view("Steps");
    await drawn(100);
    expect(page.asked("steps").map(({ params }) => params)).toEqual([
      { part: "self", layer: 0, head: 0, query: 4, most: 32 },
    ]);
    await reply(page, page.asked("steps")[0], steps({}));
    expect(titles(page)).toEqual(["Key", "k", "q × k", "q · k", "× 0.5", "score", "Weight", "weight × v"]);
    expect(page.all(".nbt-steps-table tbody td.nbt-steps-value").map(({ title }) => title)).toEqual([
      ...["5", "2.5", "2.5", "1"],
      ...["−2", "−1", "−∞", "0"],
    ]);
    expect(page.one(".nbt-steps-numbers").textContent).toMatch(/5 × 0.5 = 2.5/);
    await page.press("Next key token");
    await drawn(100);
    const lacking = page.asked("steps").at(-1);
    expect(lacking?.params).toEqual({ part: "self", layer: 0, head: 0, query: 4, most: 32, key: 2 });
    await reply(page, lacking, steps({}, [["keys", Uint32Array.of(1, 2), [2]]]));
    expect(page.one(".nbt-steps-numbers").textContent).toMatch(/masked−∞/);
    await page.press("Next key token");
    await drawn(100);
    expect(page.asked("steps").at(-1)).toBe(lacking);
    expect(page.one(".nbt-steps-numbers").textContent).toMatch(/masked−∞/);
    await page.press("Previous query token");
    await drawn(100);
    expect(page.asked("steps").at(-1)?.params?.query).toBe(3);
    expect(page.all("b")).toEqual([]);
  });

  it("of a weight that is kept in the map are those of its query and its key, until one goes elsewhere", async () => {
    const page = await view("Matrix");
    page.one("canvas[tabindex]").focus();
    for (const key of ["ArrowDown", "ArrowDown", ...new Array(4).fill("ArrowRight"), "Enter"])
      await page.key(key);
    await page.press("Its steps");
    await drawn(100);
    expect(page.asked("steps").at(-1)?.params).toMatchObject({ query: 2, most: 32 });
    await reply(page, page.asked("steps").at(-1), steps({ query: 2 }));
    await drawn(100);
    expect(page.asked("steps").at(-1)?.params).toMatchObject({ query: 2, key: 4 });
    const keys: NamedArray = ["keys", Uint32Array.of(1, 4), [2]];
    await reply(page, page.asked("steps").at(-1), steps({ query: 2 }, [keys]));
    expect(page.one('[aria-label="key token"]').textContent).toMatch(/قطة4/);
    expect(page.one('tr[aria-current="true"]').textContent).toMatch(/قطة/);
    await page.press("Lines");
    await page.point("Query", 3);
    page.tokens("Query")[3]?.click();
    await drawn();
    await page.press("Steps");
    await drawn(100);
    await reply(page, page.asked("steps").at(-1), steps({ query: 3 }));
    expect(page.one('[aria-label="key token"]').textContent).toMatch(/un1/);
  });

  it("name the cap, the bias and the sink of models that have them", async () => {
    const page = await view("Steps");
    await drawn(100);
    const facts = { softcap: 30, sink: 0.25, scaling: Math.SQRT1_2, masked_keys: 0 };
    await reply(page, page.asked("steps")[0], steps(facts, [["bias", Float32Array.of(0.5, 0.25), [2]]]));
    expect(titles(page).slice(3, -2)).toEqual(["q · k", "÷ √2", "± 30", "bias", "score"]);
    expect(page.one(".nbt-formula").textContent).toMatch(/softmax.*30·tanh.*\+bias.*sink/);
  });

  it("that the model does not show are said to be so", async () => {
    const closed = await view("Steps", {}, { has_steps: false });
    expect(closed.one(".nbt-steps").textContent).toMatch(/does not give away its queries and keys/);
    const difference = await view("Steps", {}, { signed: true });
    expect(difference.one(".nbt-steps").textContent).toMatch(/difference of two has no steps/);
    await drawn(200);
    expect([...closed.asked("steps"), ...difference.asked("steps")]).toEqual([]);
    const failing = await view("Steps");
    await drawn(100);
    const [{ id }] = failing.asked("steps") as [Sent];
    failing.model.receive({ type: "reply", id, ok: false, error: "That layer keeps none." });
    await drawn();
    expect(failing.one(".nbt-wait").textContent).toMatch(/That layer keeps none/);
  });
});

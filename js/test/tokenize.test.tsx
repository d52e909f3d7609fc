import { describe, expect, it, vi } from "vitest";
import { type FakeTokenizer, FakeTokenKernel, fakeTexts, TOYS, tokenized } from "./faketokens";
import { goldenTokens } from "./golden";
import { drawn, onCleanPages, show } from "./page";

onCleanPages();

function traitsOf(
  texts: readonly (string | null)[],
  tokenizers: readonly FakeTokenizer[],
  change: Record<string, unknown> = {},
) {
  const { kind, header, payload } = tokenized(fakeTexts(texts, tokenizers), tokenizers);
  return { kind, header: { ...header, ...change }, payload };
}

function goldenTraits(name: "one" | "two") {
  const { header, payload } = goldenTokens(name);
  return { kind: "tokenize", header, payload };
}

/** As when the pointer moves onto an element. */
async function point(element: HTMLElement, type = "pointermove") {
  element.dispatchEvent(new MouseEvent(type, { bubbles: true }));
  await drawn();
}

describe("one text", () => {
  const traits = () => traitsOf(["The tokenizer reads 🎬."], [TOYS.wordpiece]);

  it("stands there as its tokens, each word in a hue, its pieces in two strengths", () => {
    const { all, one } = show(traits());
    const tokens = all("[data-n]");
    expect(tokens.map((token) => token.textContent)).toEqual([
      "[CLS]",
      "The",
      "token",
      "izer",
      "reads",
      "🎬",
      ".",
      "[SEP]",
    ]);
    expect(tokens.map((token) => /nbt-hue\d/.exec(token.className)?.[0])).toEqual([
      undefined,
      "nbt-hue0",
      "nbt-hue1",
      "nbt-hue1",
      "nbt-hue2",
      "nbt-hue3",
      "nbt-hue0",
      undefined,
    ]);
    expect(tokens[3]?.className).toContain("nbt-odd");
    expect(tokens[5]?.className).toContain("nbt-unknown");
    expect(one(".nbt-cutting-words").textContent).toBe("8 of 512 tokens");
    expect(all("[role=grid], .nbt-batches")).toHaveLength(0);
  });

  it("shows all that is known of a token under the pointer, and forgets it", async () => {
    const { one, all } = show(traits());
    await point(one("[data-n='3']"));
    const card = one(".nbt-card").textContent ?? "";
    for (const part of ["##izer", "4 of 8", "9–13", "69 7a 65 72", "1, continued"])
      expect(card).toContain(part);
    expect(one("[data-n='3']").getAttribute("aria-selected")).toBe("true");
    await point(one("[data-n='5']"));
    expect(one(".nbt-card").textContent).toContain("U+1F3AC");
    expect(one(".nbt-card-flags").textContent).toBe("unknown");
    await point(one("[data-n='0']"));
    expect(one(".nbt-card-flags").textContent).toBe("specialadded");
    await point(one(".nbt-flow"), "pointerleave");
    expect(all(".nbt-card")).toHaveLength(0);
  });

  it("pins a token by a press, and lets go by another, by Escape or by its button", async () => {
    const { one, all, click, key } = show(traits());
    for (const release of [
      () => click("[data-n='2']"),
      async () => {
        one(".nbt-flow").focus();
        await key("Escape");
      },
      () => click(".nbt-card [aria-label=Close]"),
    ]) {
      await click("[data-n='2']");
      await point(one("[data-n='4']"));
      expect(one(".nbt-card-piece").textContent).toBe("token");
      await release();
      await point(one(".nbt-flow"), "pointerleave");
      expect(all(".nbt-card-pinned")).toHaveLength(0);
    }
  });

  it("is walked by the keyboard", async () => {
    const { one, key } = show(traits());
    const flow = one(".nbt-flow");
    flow.focus();
    const here = () => one(`[id="${flow.getAttribute("aria-activedescendant")}"]`).dataset.n;
    for (const [name, expected] of [
      ["Home", "0"],
      ["ArrowRight", "1"],
      ["ArrowRight", "2"],
      ["ArrowLeft", "1"],
      ["End", "7"],
      ["ArrowRight", "7"],
      ["PageUp", "0"],
    ] as const) {
      expect((await key(name)).defaultPrevented).toBe(true);
      expect(here()).toBe(expected);
    }
    await key("Enter");
    expect(one(".nbt-card-pinned").textContent).toContain("[CLS]");
    expect((await key("x")).defaultPrevented).toBe(false);
  });

  it("shows token strings and ids in its place", async () => {
    const { all, one } = show(traits());
    const look = async (title: string) => {
      all(".nbt-lookbar .nbt-segment")
        .find((button) => button.textContent === title)
        ?.click();
      await drawn();
      return all("[data-n]").map((token) => token.textContent);
    };
    expect(await look("Tokens")).toEqual(["[CLS]", "the", "token", "##izer", "reads", "[UNK]", ".", "[SEP]"]);
    expect((await look("IDs")).slice(0, 1)).toEqual(["101"]);
    expect((one(".nbt-toggle") as HTMLButtonElement).disabled).toBe(true);
    expect((await look("Text"))[1]).toBe("The");
  });

  it("marks what cannot be seen, and leaves the text itself alone", async () => {
    const { one, all, click } = show(traitsOf(["a b\tc\nd"], [TOYS.bytes]));
    expect(one(".nbt-block").textContent).toBe("a b\tc\nd");
    expect(all(".nbt-flow-marks .nbt-unseen").map((mark) => mark.dataset.mark)).toEqual(["·", "⇥", "↵"]);
    await click(".nbt-toggle");
    expect(all(".nbt-flow-marks")).toHaveLength(0);
    expect(one(".nbt-block").textContent).toBe("a b\tc\nd");
  });

  it("shows a character once that several tokens share, and each of them in turn", async () => {
    const { one, all, key } = show(traitsOf(["好"], [TOYS.bytes]));
    expect(all("[data-n]").map((token) => [token.textContent, token.dataset.c])).toEqual([["好", "2"]]);
    one(".nbt-flow").focus();
    await key("Home");
    expect(one(".nbt-card").textContent).toContain("e5 a5");
    await key("ArrowRight");
    expect(one(".nbt-card").textContent).toContain("bd");
    expect(one("[data-n]").style.getPropertyValue("--piece")).toBe("1");
  });

  it("counts the tokens of a shared character from the right where the script runs from there", async () => {
    const { one } = show(traitsOf(["شمس قمر"], [TOYS.bytes]));
    const shared = one("[data-c]");
    const count = Number(shared.dataset.c);
    shared.getBoundingClientRect = () => ({ left: 100, width: 60, top: 0, bottom: 0 }) as DOMRect;
    for (const [x, piece] of [
      [159, 0],
      [101, count - 1],
    ] as const) {
      shared.dispatchEvent(new MouseEvent("pointermove", { bubbles: true, clientX: x }));
      await drawn();
      const at = Number(shared.dataset.n) + piece + 1;
      expect(one(".nbt-card-place").textContent).toContain(`${at} of `);
      expect(shared.style.getPropertyValue("--piece")).toBe(String(count - 1 - piece));
    }
  });

  it("draws a line where the model stops reading", () => {
    const { one, all } = show(traitsOf(["one two three four five"], [{ ...TOYS.wordpiece, limit: 5 }]));
    expect(one(".nbt-limit").textContent).toBe("5 of 7 tokens: 2 cut");
    expect(one(".nbt-cutting-words").textContent).toBe("5 of 7 tokens: 2 cut");
    expect(all(".nbt-cut").map((token) => token.textContent)).toEqual(["four", "five"]);
    const before = all(".nbt-block > *").filter(
      (part) => part.compareDocumentPosition(one(".nbt-limit")) & Node.DOCUMENT_POSITION_FOLLOWING,
    );
    expect(before.at(-2)?.textContent).toBe("three");
  });

  it("runs from the right where its script does", async () => {
    const { one, all } = show(traitsOf(["كان الفيلم"], [TOYS.wordpiece]));
    expect(one(".nbt-block").getAttribute("dir")).toBe("auto");
    expect(all("[data-n='0']")[0]?.getAttribute("dir")).toBe("auto");
    all(".nbt-lookbar .nbt-segment")[1]?.click();
    await drawn();
    expect(one(".nbt-block").getAttribute("dir")).toBe("rtl");
  });

  it("says why there are no tokens", () => {
    const { el } = show(traitsOf([null], [TOYS.wordpiece]));
    expect(el.textContent).toContain("missing");
    const empty = show(traitsOf([""], [TOYS.wordpiece]));
    expect(empty.el.textContent).toContain("empty");
  });
});

describe("a long text", () => {
  it("has in the page only what is in sight, and asks for what has not arrived", async () => {
    const text = "All work and no play. ".repeat(4_000);
    const texts = fakeTexts([text], [TOYS.bytes]);
    const travel = { tokens: 500, characters: 2_000 };
    const { all, one, model } = show(tokenized(texts, [TOYS.bytes], travel));
    const kernel = new FakeTokenKernel(model, texts, 1, travel);
    model.onSend = (message) => kernel.answer(message);
    for (const message of [...model.sent]) kernel.answer(message);
    await drawn();
    expect(texts[0]?.tokens[0]?.length).toBeGreaterThan(20_000);
    expect(all("[data-n]").length).toBeLessThan(2_000);
    expect(model.sent.every(({ method }) => method === "tokens")).toBe(true);
    expect(one(".nbt-figures").textContent).toContain("24,000");
  });
});

describe("several tokenizers", () => {
  const traits = () => traitsOf(["The tokenizer reads 🎬."], [TOYS.wordpiece, TOYS.bytes, TOYS.pieces]);

  it("are compared in numbers", () => {
    const { all } = show(traits());
    expect(all(".nbt-compare thead th").map((head) => head.textContent)).toEqual([
      "Tokenizer",
      "Tokens",
      "Tokens a word",
      "Unknown",
      "Texts cut",
      "Limit",
      "Words",
      "Vocabulary",
    ]);
    const cells = all(".nbt-compare tbody tr").map((line) =>
      [...line.querySelectorAll("td")].map((cell) => cell.textContent),
    );
    expect(cells[0]).toEqual(["8", "1.20", "17%", "0", "512", "5", "30,522"]);
    expect(cells[2]?.[4]).toBe("–");
    expect(all(".nbt-compare-model").map((model) => model.textContent)).toEqual([
      "WordPiece",
      "BPE",
      "Unigram",
    ]);
  });

  it("show the text once each, and what a token of one stands on in the others", async () => {
    const { all } = show(traits());
    expect(all(".nbt-cutting-name").map((name) => name.textContent)).toEqual([
      "toy-wordpiece",
      "toy-bytes",
      "toy-pieces",
    ]);
    const [first, second, third] = all(".nbt-flow");
    const izer = [...(first?.querySelectorAll<HTMLElement>("[data-n]") ?? [])][3] as HTMLElement;
    await point(izer);
    const lit = (flow: Element | undefined) =>
      [...(flow?.querySelectorAll(".nbt-lit") ?? [])].map((token) => token.textContent);
    expect(lit(first)).toEqual([]);
    expect(lit(second)).toEqual(["nizer"]);
    expect(lit(third)).toEqual([" tokeni", "zer"]);
  });
});

describe("many texts", () => {
  it("stand in a table with their counts, and open in full", async () => {
    const { one, all, texts, click, key } = show(goldenTraits("two"));
    await drawn();
    expect(all("[role=columnheader]").map((head) => head.textContent)).toEqual([
      "",
      "Row",
      "toy-wordpiece",
      "toy-bytes",
      "Text",
    ]);
    expect(texts()[0]).toBe("The tokenizer reads unbelievable words.");
    expect(one("[data-at='0'] .nbt-col-tokens0").textContent).toBe("14");
    expect(one("[data-at='0'] .nbt-over").textContent).toBe("14");
    expect(one("[data-at='7']").textContent).toContain("missing");
    await click("[data-at='0']");
    expect(all(".nbt-inspector .nbt-flow")).toHaveLength(2);
    expect(one(".nbt-inspector .nbt-cutting-words").textContent).toBe("12 of 14 tokens: 2 cut");
    one("[data-at='0']").focus();
    await key("ArrowDown");
    expect(one(".nbt-inspector").getAttribute("aria-label")).toBe("Row 1");
    one(".nbt-flow").focus();
    await key("Escape");
    expect(all(".nbt-inspector")).toHaveLength(0);
    expect((document.activeElement as HTMLElement).dataset.at).toBe("1");
  });

  it("stand on two lines, without bars, where the counts leave the text too little room", async () => {
    const three = traitsOf(["a b", "c d"], [TOYS.bytes, TOYS.wordpiece, TOYS.pieces]);
    vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(420);
    const width = vi.spyOn(HTMLElement.prototype, "clientWidth", "get");
    for (const [pixels, narrow] of [
      [600, true],
      [700, false],
    ] as const) {
      width.mockReturnValue(pixels);
      const { all } = show(three);
      await drawn();
      expect(all(".nbt-grid-narrow").length === 1).toBe(narrow);
      expect(all(".nbt-rows .nbt-tokenbar").length === 0).toBe(narrow);
      expect(all(".nbt-rows .nbt-col-tokens1 .nbt-number")).toHaveLength(2);
    }
    vi.restoreAllMocks();
  });

  it("fold their notes into one line, which opens", async () => {
    const notes = Array.from({ length: 4 }, (_, at) => `Note ${at}.`);
    const { one, all, click } = show(traitsOf(["a", "b"], [TOYS.bytes], { notes }));
    expect(all("[role=note] p").map((note) => note.textContent)).toEqual(["Note 0."]);
    expect(one(".nbt-notes-more").textContent).toBe("and 3 more");
    await click(".nbt-notes-more");
    expect(all("[role=note] p").map((note) => note.textContent)).toEqual(notes);
    expect(one(".nbt-notes-more").getAttribute("aria-expanded")).toBe("true");
    await click(".nbt-notes-more");
    expect(all("[role=note] p")).toHaveLength(1);
    const two = show(traitsOf(["a", "b"], [TOYS.bytes], { notes: notes.slice(0, 2) }));
    expect(two.all("[role=note] p")).toHaveLength(2);
    expect(two.all(".nbt-notes-more")).toHaveLength(0);
  });

  it("sort by the tokens of each tokenizer", async () => {
    const { one, all, click } = show(goldenTraits("two"));
    await click(".nbt-col-tokens1 button");
    expect(one(".nbt-th.nbt-col-tokens1").getAttribute("aria-sort")).toBe("descending");
    const counts = all(".nbt-rows .nbt-col-tokens1 .nbt-number").map((cell) => Number(cell.textContent));
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
  });

  it("are searched", async () => {
    const { one, texts } = show(goldenTraits("one"));
    const input = one("input") as HTMLInputElement;
    input.value = "电影";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn(300);
    expect(texts()).toEqual(["这部电影很好看，值得再看一遍。"]);
  });

  it("that stay in the kernel are asked for, ordered there", async () => {
    const texts = fakeTexts(
      Array.from({ length: 500 }, (_, at) => `text ${"word ".repeat(at % 9)}`),
      [TOYS.bytes],
    );
    const { model, one, click } = show(tokenized(texts, [TOYS.bytes], { rows: 100 }));
    const kernel = new FakeTokenKernel(model, texts, 1);
    model.onSend = (message) => kernel.answer(message);
    await click(".nbt-col-tokens0 button");
    await drawn(200);
    expect(model.sent.at(-1)).toMatchObject({
      method: "rows",
      params: { start: 0, stop: 100, sort: { by: "tokens0", descending: true }, search: "" },
    });
    expect(one("[data-at='0'] .nbt-col-index").textContent).toBe("8");
  });

  it("show texts as text: markup in them makes no element", async () => {
    const hostile = "<img src=x onerror=alert(1)><b onclick=alert(1)>x</b>";
    const toys = [
      { ...TOYS.bytes, name: hostile, pad: hostile },
      { ...TOYS.wordpiece, model: hostile },
    ];
    const { el, click } = show(traitsOf([hostile, "b", "c"], toys, { title: hostile, notes: [hostile] }));
    await drawn();
    await click("[data-at='0']");
    expect(el.querySelectorAll("img, b, script")).toHaveLength(0);
    expect(el.textContent).toContain("onerror");
  });
});

describe("while the work goes on", () => {
  const progress = {
    stage: "running",
    message: "tokenizing",
    done: 2,
    total: 4,
    unit: "texts",
    tokens_per_s: 9000,
    eta_s: 3,
  };

  it("shows what is done, says what is not, and asks nobody", async () => {
    const long = "word ".repeat(400);
    const texts = fakeTexts([long, "b", "", "c"], [TOYS.bytes]);
    const waiting = texts.map((row, at) =>
      at > 1 ? { ...row, reason: null, tokens: [[]], pending: true } : row,
    );
    const { kind, header, payload } = tokenized(waiting, [TOYS.bytes], { tokens: 50, characters: 100 });
    const partial = { ...header, partial: true, inline: false, subtitle: "" };
    const { one, all, click, model } = show({ kind, header: partial, payload, progress });
    await drawn();
    expect(one(".nbt-head [role=progressbar]").getAttribute("aria-valuenow")).toBe("2");
    expect(one(".nbt-subtitle").textContent).toMatch(/^2 of 4 done/);
    expect(all(".nbt-pending").map((cell) => cell.textContent)).toEqual(["waiting…", "waiting…"]);
    await click("[data-at='0']");
    expect(all("[data-n]").length).toBeGreaterThan(10);
    expect(one(".nbt-inspector").textContent).toContain("The other tokens come when the cell ends.");
    await click("[data-at='2']");
    expect(one(".nbt-inspector").textContent).toContain("waiting…");
    expect(model.sent).toHaveLength(0);
  });
});

it("lets rows be selected, and tells the kernel which", async () => {
  const { one, key, model } = show(goldenTraits("one"));
  await drawn();
  one("[data-at='0']").focus();
  await key("ArrowDown");
  await key(" ");
  expect(model.get("selection")).toEqual([1]);
  expect(one(".nbt-selected-count").textContent).toBe("1 selected");
});

describe("exporting", () => {
  it("asks for a format and for rows, and says that a row of the file is a token", async () => {
    const { all, click, model, one } = show(traitsOf(["one", "two", "three words more"], [TOYS.bytes]));
    await drawn();
    expect(all(".nbt-export")).toHaveLength(0);
    await click(".nbt-export-button");
    expect(all(".nbt-segment").map((segment) => segment.textContent)).toContain("All 3 rows");
    expect(one(".nbt-export-said").textContent).toContain("one row per token");
    one(".nbt-export-formats button").click();
    await drawn();
    const sent = model.sent.at(-1);
    expect(sent).toMatchObject({ method: "export", params: { format: "csv", which: "all", search: "" } });
    const result = { name: "t-tokens.csv", folder: "/home/you", rows: 40, size: "1.2 kB", notes: [] };
    model.receive({ type: "reply", id: sent?.id, ok: true, result });
    await drawn();
    expect(one(".nbt-export-said").textContent).toBe("t-tokens.csv · 40 rows · 1.2 kB · in /home/you");
    await click(".nbt-export-button");
    expect(all(".nbt-export")).toHaveLength(0);
  });

  it("offers the rows found and those selected, in the order of the table", async () => {
    const { all, click, model, one } = show(goldenTraits("two"));
    await drawn();
    await click(".nbt-col-tokens1 button");
    await click(".nbt-export-button");
    model.change({ selection: [0, 2] });
    const input = one("input") as HTMLInputElement;
    input.value = "e";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn(300);
    const names = all(".nbt-export .nbt-segment").map((segment) => segment.textContent);
    expect(names).toEqual([
      expect.stringMatching(/^All \d+ rows$/),
      expect.stringMatching(/^\d+ rows found$/),
      "2 rows selected",
    ]);
    const parquet = () => all(".nbt-export-formats button")[1]?.click();
    parquet();
    await drawn();
    const { id, params } = model.sent.at(-1) ?? {};
    expect(params).toMatchObject({ format: "parquet", which: "selected" });
    model.receive({ type: "reply", id, ok: false, error: "no space" });
    await drawn();
    expect(one(".nbt-export-said .nbt-bad").textContent).toBe("no space");
    all(".nbt-export .nbt-segment")[1]?.click();
    await drawn();
    parquet();
    await drawn();
    expect(model.sent.at(-1)?.params).toMatchObject({
      which: "found",
      search: "e",
      sort: { by: "tokens1", descending: true },
    });
  });

  it("waits for the end of the cell", async () => {
    const { one } = show(traitsOf(["one", "two"], [TOYS.bytes], { partial: true }));
    await drawn();
    expect((one(".nbt-export-button") as HTMLButtonElement).disabled).toBe(true);
  });
});

describe("the batch", () => {
  it("is drawn with its padding, and told in words", () => {
    const { one } = show(traitsOf(["one two three", "one", "one two"], [TOYS.wordpiece]));
    expect(one(".nbt-batches h3").textContent).toContain("The first 3 texts as one batch");
    expect(one(".nbt-batch-waste").textContent).toBe("20% padding waste");
    expect(one("figcaption").textContent).toContain("3 × 5: 12 tokens, 3 [PAD] on the right");
    expect(one(".nbt-batch-picture").getAttribute("aria-label")).toBe(
      "3 rows of 5 tokens; 12 tokens, 3 of padding on the right; no text cut",
    );
    expect(one(".nbt-batch-pad").getAttribute("d")).toBe("M3 1h2v0.86h-2zM4 2h1v0.86h-1z");
  });

  it("marks what is cut, and pads on the left where the tokenizer does", () => {
    const { one, el } = show(traitsOf(["one two three", "one"], [{ ...TOYS.bytes, limit: 2 }]));
    expect(one(".nbt-batch-pad").getAttribute("d")).toBe("M0 1h1v0.86h-1z");
    expect(one(".nbt-batch-cut").getAttribute("d")).toMatch(/^M1\.9/);
    expect(el.textContent).toContain("no padding token");
    expect(one(".nbt-key-cut").textContent).toBe("text cut here");
  });
});

it("leaves nothing behind", async () => {
  const { model, el, close, click } = show(goldenTraits("two"));
  await click("[data-at='11']");
  await point(el.querySelector("[data-n='1']") as HTMLElement);
  close();
  expect(el.childElementCount).toBe(0);
  expect(model.listeners).toBe(0);
  // What Preact and the browser had planned runs out; a wait for the kernel would last much longer.
  await drawn(1_000);
  expect(vi.getTimerCount()).toBe(0);
});

import { describe, expect, it, vi } from "vitest";
import { select } from "../src/query/generate";
import { GeneratePage, generateHeader, writtenText } from "../src/wire/generate";
import type { Sent } from "./fake";
import { type FakeWritten, generated as one } from "./fakegenerated";
import { goldenGenerated, viewAt } from "./golden";
import { drawn, onCleanPages, show } from "./page";

const golden = goldenGenerated();
const page = () => GeneratePage.read(golden.header.sections, golden.payload);

describe("the wire", () => {
  it("is read as the golden file tells, wherever its buffer begins", () => {
    const bytes = new Uint8Array(golden.payload.buffer, golden.payload.byteOffset, golden.payload.byteLength);
    for (const view of [golden.payload, viewAt(bytes, 3)]) {
      const read = GeneratePage.read(golden.header.sections, view);
      golden.rows.forEach((told, at) => {
        const row = read.row(at);
        const pieces = Array.from({ length: row.pieces.length }, (_, token) => row.pieces.at(token));
        expect({ ...row, pieces, probabilities: [...row.probabilities] }).toMatchObject(told);
        expect(writtenText(row)).toBe(told.pieces.join(""));
        expect(row.tokens).toBe(told.pieces.length);
      });
    }
  });

  it("gives the same rows from a stretch of it", () => {
    const stretch = page().slice(1, 4);
    expect([stretch.count, stretch.row(2).text]).toEqual([3, golden.rows[3]?.text]);
    expect(writtenText(stretch.row(0))).toBe(golden.rows[1]?.pieces.join(""));
  });

  it("refuses a header of another kind", () => {
    expect(() => generateHeader({ ...golden.header, kind: "classify" })).toThrow("generated texts");
    expect(() => generateHeader({ ...golden.header, version: 2 })).toThrow("run the cell again");
  });

  it.each(golden.queries)("answers $params as Python does", ({ params, total, positions }) => {
    const found = select(page(), params);
    expect(found).toHaveLength(total);
    expect(found.slice(params.start, params.stop)).toEqual(positions);
  });
});

const PARIS: readonly FakeWritten[] = [
  [" Paris", 0.9375],
  [".", 0.25],
  ["", 0.5],
];
const ALTERNATIVES = [
  { id: 7, text: ".", probability: 0.25, chosen: true },
  { id: 8, text: "\n", probability: 0.125, chosen: false },
];

/** A kernel that knows the alternatives, and what was asked of it. */
function answering({ model }: ReturnType<typeof show>): Sent[] {
  model.onSend = ({ id, method }) => {
    const result = method === "alternatives" ? ALTERNATIVES : {};
    model.receive({ type: "reply", id, ok: true, result });
  };
  return model.sent;
}

describe("one prompt", () => {
  onCleanPages();

  it.each([
    ["translate", "Translation"],
    ["summarize", "Summary"],
  ])("shows what is made of a text beside it: %s", (task, written) => {
    const { all, one: find } = show(one(PARIS, { task }));
    const beside = find(".nbt-beside");
    expect([...beside.querySelectorAll("h4")].map((title) => title.textContent)).toEqual(["Text", written]);
    expect(all(".nbt-beside > section")).toHaveLength(2);
  });

  it("goes on below a prompt", () => {
    const { all } = show(one(PARIS));
    expect(all(".nbt-beside")).toHaveLength(0);
    expect(all("h4").map((title) => title.textContent)).toEqual(["Prompt", "Written"]);
  });

  it("shows the prompt, and each token shaded by its probability", () => {
    const { all, one: find } = show(one(PARIS));
    expect(find(".nbt-said-prompt").textContent).toContain("Why?");
    const tokens = all("[data-n]");
    expect(tokens.map((token) => token.textContent)).toEqual([" Paris", ".", "⏹"]);
    expect(tokens.map((token) => token.style.getPropertyValue("--doubt"))).toEqual(["0.0625", "0.75", "0.5"]);
    expect(find(".nbt-written-foot").textContent).toContain("3 tokens · mean probability 56% · end of text");
    expect(find(".nbt-written").className).toContain("shaded");
  });

  it("leaves the shading out on demand", async () => {
    const { one: find, click } = show(one(PARIS));
    await click(".nbt-toggle");
    expect(find(".nbt-written").className).not.toContain("shaded");
    expect(find(".nbt-toggle").getAttribute("aria-pressed")).toBe("false");
  });

  it("tells the probability of the token under the pointer or the keyboard", async () => {
    const { one: find, key } = show(one(PARIS));
    find("[data-n='0']").dispatchEvent(new MouseEvent("pointermove", { bubbles: true }));
    await drawn();
    expect(find(".nbt-written-told").textContent).toBe("·Paris 94% · token 1 of 3");
    find(".nbt-written").focus();
    await key("ArrowRight");
    expect(find(".nbt-written-told").textContent).toBe(". 25% · token 2 of 3");
    await key("End");
    expect(find("[aria-selected='true']").dataset.n).toBe("2");
  });

  it("shows what else might have stood there, and goes on from it", async () => {
    const view = show(one(PARIS));
    const sent = answering(view);
    await view.click("[data-n='1']");
    expect(sent.at(-1)).toMatchObject({ method: "alternatives", params: { position: 0, token: 1 } });
    const choices = view.all(".nbt-alternatives li button");
    expect(choices.map((choice) => choice.textContent)).toEqual([".0.250", "↵0.125"]);
    expect(choices[0]).toHaveProperty("disabled", true);
    choices[1]?.click();
    await drawn();
    expect(sent.at(-1)).toMatchObject({ method: "branch", params: { position: 0, token: 1, id: 8 } });
    expect(view.all(".nbt-alternatives")).toHaveLength(0);
  });

  it("walks from token to token with the card open, and closes it by Escape", async () => {
    const view = show(one(PARIS));
    const sent = answering(view);
    await view.click("[data-n='1']");
    await view.click(".nbt-alternatives [aria-label='The next token']");
    expect(sent.at(-1)).toMatchObject({ params: { token: 2 } });
    expect(view.one(".nbt-alternatives").textContent).toContain("token 3 of 3");
    view.one(".nbt-written").focus();
    await view.key("Escape");
    expect(view.all(".nbt-alternatives")).toHaveLength(0);
  });

  it("asks once for the tokens that did not come along, whatever is drawn again", async () => {
    const { header, payload } = one(PARIS) as { header: { sections: unknown }; payload: DataView };
    const view = show(one(PARIS.slice(0, 1), {}, "Why?", 2));
    view.model.onSend = ({ id }) =>
      view.model.receive({ type: "reply", id, ok: true, result: { sections: header.sections } }, [payload]);
    await drawn();
    expect(view.one(".nbt-written").textContent).toBe(" Paris.⏹");
    await view.click(".nbt-toggle");
    expect(view.one(".nbt-written").textContent).toBe(" Paris.⏹");
    expect(view.model.sent.map(({ method }) => method)).toEqual(["row"]);
  });

  it("goes back from a branch", async () => {
    const view = show(one(PARIS, { depth: 1 }));
    const sent = answering(view);
    const [back] = view.all(".nbt-written-foot .nbt-button");
    back?.click();
    expect(sent.at(-1)).toMatchObject({ method: "back" });
  });

  it("says what the kernel has refused", async () => {
    const view = show(one(PARIS, { depth: 1 }));
    view.model.onSend = ({ id }) =>
      view.model.receive({ type: "reply", id, ok: false, error: "It is gone." });
    view.all(".nbt-written-foot .nbt-button")[0]?.click();
    await drawn();
    expect(view.one(".nbt-said .nbt-bad").textContent).toBe("It is gone.");
  });

  it("copies the text", async () => {
    const writeText = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText } });
    const view = show(one(PARIS));
    view.all(".nbt-written-foot .nbt-button").at(-1)?.click();
    await drawn();
    expect(writeText).toHaveBeenCalledWith(" Paris.");
    expect(view.one(".nbt-written-foot").textContent).toContain("Copied");
    vi.unstubAllGlobals();
  });
});

const RUNNING = {
  stage: "running",
  message: "Generating",
  done: 0,
  total: 1,
  unit: "prompts",
  tokens_per_s: null,
  eta_s: null,
};

describe("while it is written", () => {
  onCleanPages();
  const partial = (tokens: readonly FakeWritten[]) => one(tokens, { partial: true, inline: false });

  it("grows token by token, with a caret, and asks nothing of the busy kernel", async () => {
    const { model, all, one: find } = show({ ...partial(PARIS.slice(0, 1)), progress: RUNNING });
    expect(all(".nbt-caret")).toHaveLength(1);
    model.change(partial(PARIS.slice(0, 2)));
    await drawn();
    expect(find(".nbt-written").textContent).toBe(" Paris.");
    await drawn();
    find("[data-n='0']").click();
    expect(model.sent).toHaveLength(0);
    model.change({ ...one(PARIS), progress: null });
    await drawn();
    expect(all(".nbt-caret, .nbt-stop")).toHaveLength(0);
  });

  it("is stopped by a message where it goes on in the background", async () => {
    const view = show({ ...partial(PARIS), progress: { ...RUNNING, stop: "message" } });
    await view.click(".nbt-stop button");
    expect(view.model.sent).toEqual([{ type: "stop" }]);
    expect(view.one(".nbt-stop").textContent).toContain("Stopping…");
  });

  it("says when nobody hears that it is to stop", async () => {
    const view = show({ ...partial(PARIS), progress: { ...RUNNING, stop: "message" } });
    await view.click(".nbt-stop button");
    await drawn(10_000);
    expect(view.one(".nbt-stop").textContent).toContain("No answer: the kernel is busy with a cell, or gone");
  });

  it("ends with the kernel, and keeps what had come", async () => {
    const view = show({ ...partial(PARIS), progress: { ...RUNNING, stop: "message" } });
    view.model.lose();
    await drawn();
    expect(view.one(".nbt-strip-error").textContent).toContain("The kernel is gone: this is what had come.");
    expect(view.one(".nbt-written").textContent).not.toBe("");
    expect(view.all(".nbt-stop, .nbt-caret, .nbt-bar")).toHaveLength(0);
    const early = show({ progress: { ...RUNNING, stage: "loading" } });
    early.model.lose();
    await drawn();
    expect(early.el.textContent).toBe("The kernel is gone: nothing had come.");
  });

  it("is stopped by an interrupt where the cell keeps the kernel busy", async () => {
    const view = show({ ...partial(PARIS), progress: { ...RUNNING, stop: "interrupt" } });
    const interrupt = vi.fn(() => Promise.resolve());
    Object.assign(view.model, { widget_manager: { kernel: { interrupt } } });
    await view.click(".nbt-stop button");
    expect(interrupt).toHaveBeenCalledTimes(1);
    expect(view.model.sent).toHaveLength(0);
  });

  it("says what to press where the host offers no way, or refuses", async () => {
    for (const kernel of [undefined, { interrupt: () => Promise.reject(new Error("no")) }]) {
      const view = show({ ...partial(PARIS), progress: { ...RUNNING, stop: "interrupt" } });
      Object.assign(view.model, { widget_manager: { kernel } });
      await view.click(".nbt-stop button");
      expect(view.one(".nbt-stop").textContent).toContain("Press the notebook's ■");
    }
  });
});

describe("several prompts", () => {
  onCleanPages();
  const many = () => ({ kind: "generate", header: golden.header, payload: golden.payload });

  it("are a table, and one in full where it is opened", async () => {
    const { all, one: find, texts, click } = show(many());
    expect(all(".nbt-th").map((head) => head.textContent?.trim())).toEqual(
      expect.arrayContaining(["Row", "Prompt", "Written", "Tokens", "Probability", "Ended"]),
    );
    expect(texts()[0]).toBe("Paris.");
    expect(texts()[6]).toBe("missing");
    await click("[data-at='0'] .nbt-col-text");
    expect(find(".nbt-opened .nbt-written").textContent).toBe(" Paris.⏹");
    expect(find(".nbt-opened .nbt-said-prompt").textContent).toContain("The capital of France is");
  });
});

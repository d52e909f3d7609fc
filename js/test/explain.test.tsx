import { describe, expect, it } from "vitest";
import file from "../../tests/golden/explain.json";
import { Explained, type ExplainHeader } from "../src/wire/explain";
import { viewAt } from "./golden";
import { drawn, onCleanPages, show } from "./page";

const { header: raw, payload_base64, words } = file.pair;
const header = raw as unknown as ExplainHeader & Record<string, unknown>;
const bytes = Uint8Array.from(atob(payload_base64), (character) => character.charCodeAt(0));
const payload = viewAt(bytes, 3);

function opened(change: Record<string, unknown> = {}) {
  return show({ kind: "explain", header: { ...header, ...change }, payload });
}

describe("an explanation on the wire", () => {
  it("is read as Python wrote it, by words", () => {
    const { words: read } = new Explained(header, payload);
    const told = read.map(({ before, text, special, second, values }) => ({
      before,
      text,
      special,
      second,
      values,
    }));
    expect(told).toEqual(words);
    expect(read.map(({ name }) => name)).toEqual(["[CLS]", "Ungood", "很", "😀", "[SEP]", "<b>", "[SEP]"]);
  });

  it("names a token that shows no text of its own by its piece", () => {
    const { tokens } = new Explained(header, payload);
    expect(tokens.map(({ name }) => name)).toEqual([..."[CLS] Un good 很 😀 Ł [SEP] <b> [SEP]".split(" ")]);
  });

  it("is refused where its columns differ in length", () => {
    expect(() => new Explained({ ...header, rows: 8 }, payload)).toThrow("differ in length");
  });
});

describe("the panel of an explanation", () => {
  onCleanPages();

  it("colours each word by its share, and what speaks against otherwise", () => {
    const { all } = opened();
    expect(all(".nbt-signed")).toHaveLength(2);
    const first = all(".nbt-signed:first-child .nbt-signed-word");
    expect(first.map((word) => word.textContent)).toEqual(["Ungood", "很", "😀", "<b>"]);
    expect(first.map((word) => word.dataset.sign)).toEqual(["against", "for", "for", "against"]);
    const strengths = first.map((word) => Number(word.style.getPropertyValue("--strength")));
    expect(strengths).toEqual([1, 0.125 / 0.75, 1, 0.5 / 0.75]);
    expect(all("b, i").filter((element) => element.closest(".nbt-signed"))).toEqual([]);
  });

  it("tells the numbers of the word under the pointer, in every method", async () => {
    const { one, all } = opened();
    const [word] = all(".nbt-signed:nth-child(2) .nbt-signed-word");
    word?.dispatchEvent(new Event("pointermove", { bubbles: true }));
    await drawn();
    const readout = one(".nbt-explain-readout").textContent;
    expect(readout).toContain("Ungood");
    expect(readout).toContain("Integrated gradients −0.750");
    expect(readout).toContain("Occlusion +2.00");
    expect(all("[data-hovered]")).toHaveLength(2);
  });

  it("shows tokens, special ones too, when asked", async () => {
    const { all, one } = opened();
    const press = async (name: string) => {
      all("button")
        .find((button) => button.textContent === name)
        ?.click();
      await drawn();
    };
    await press("Tokens");
    await press("Special tokens");
    const shown = all(".nbt-signed:first-child .nbt-signed-word").map((word) => word.textContent);
    expect(shown).toEqual(["[CLS]", "Un", "good", "很", "😀", "Ł", "[SEP]", "<b>", "[SEP]"]);
    await press("Bars");
    await press("As in the text");
    expect(all("tbody th").map((cell) => cell.textContent)).toEqual(shown);
    expect(one("tbody tr:nth-child(3) td .nbt-signed-number").textContent).toBe("−1.25");
  });

  it("asks Python for another target and other methods", async () => {
    const { model, one, all } = opened({ again: true, depth: 1 });
    const select = one("select") as unknown as HTMLSelectElement;
    expect([...select.options].map((option) => option.textContent)).toEqual(["1 other…", "<i> (25%)"]);
    select.value = "<i>";
    select.dispatchEvent(new Event("change", { bubbles: true }));
    const methods = all("fieldset[aria-label=Methods] button");
    methods[1]?.click();
    methods[0]?.click();
    all("button")
      .find((button) => button.textContent === "← Back")
      ?.click();
    await drawn();
    const asked = model.sent.map(({ method, params }) => [method, params]).filter(([method]) => method);
    expect(asked).toEqual([
      ["again", { target: "<i>", methods: ["integrated_gradients", "occlusion"] }],
      ["again", { target: "positive", methods: ["integrated_gradients", "occlusion", "input_x_gradient"] }],
      ["again", { target: "positive", methods: ["occlusion"] }],
      ["back", {}],
    ]);
  });

  it("takes any token for the next one", async () => {
    const next = { kind: "next", name: " Paris", asked: "#7", logit: 12.5, probability: 0.5 };
    const { model, one } = opened({ again: true, target: next, targets: [next] });
    expect(one(".nbt-explain-why strong").textContent).toBe("·Paris");
    const input = one("form input") as HTMLInputElement;
    input.value = " Lyon";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn();
    one("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    await drawn();
    expect(model.sent.at(-1)?.params).toEqual({
      target: " Lyon",
      methods: ["integrated_gradients", "occlusion"],
    });
  });

  it("offers nothing to ask where no kernel can answer", () => {
    const { all } = opened();
    expect(all(".nbt-explain-ask")).toEqual([]);
  });
});

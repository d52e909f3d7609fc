import { describe, expect, it } from "vitest";
import { type AnswerQuery, select } from "../src/query/answer";
import { type FillQuery, select as selectFilled } from "../src/query/fill";
import { CodePoints } from "../src/tokens/codepoints";
import { stretches } from "../src/tokens/spans";
import { AnswerPage, answerHeader } from "../src/wire/answer";
import { FillPage, fillHeader } from "../src/wire/fill";
import { ANSWERS, FILLED, payloadOf, traitsOf } from "./fakeanswers";
import { drawn, onCleanPages, show } from "./page";

onCleanPages();

describe.each(Object.entries(ANSWERS))("golden answers %s", (_, found) => {
  it.each([0, 1, 3, 8])("decode at byte offset %i of their buffer", (offset) => {
    const page = AnswerPage.read(found.header.sections, payloadOf(found, offset));
    expect(page.count).toBe(found.rows.length);
    found.rows.forEach(({ context, none, ...told }, at) => {
      const row = page.row(at);
      expect(row).toMatchObject(told);
      expect(row.context).toEqual({ text: context, start: 0, length: [...String(context)].length });
      expect(row.none).toBe(none ?? Number.NaN);
    });
    const part = page.slice(1, 3);
    for (let at = 0; at < 2; at++) expect(part.row(at)).toEqual(page.row(at + 1));
  });

  it.each(found.queries.map((query) => [JSON.stringify(query.params), query] as const))(
    "answer %s",
    (_, { params, total, positions }) => {
      const page = AnswerPage.read(found.header.sections, payloadOf(found));
      const all = select(page, params as unknown as AnswerQuery);
      expect(all).toHaveLength(total);
      expect(all.slice(params.start as number, params.stop as number)).toEqual(positions);
    },
  );
});

describe("golden fillings", () => {
  it.each([0, 1, 3, 8])("decode at byte offset %i of their buffer", (offset) => {
    const page = FillPage.read(FILLED.header.sections, payloadOf(FILLED, offset));
    FILLED.rows.forEach((told, at) => {
      expect(page.row(at)).toMatchObject(told);
    });
    const part = page.slice(1, 3);
    for (let at = 0; at < 2; at++) expect(part.row(at)).toEqual(page.row(at + 1));
  });

  it.each(FILLED.queries.map((query) => [JSON.stringify(query.params), query] as const))(
    "answer %s",
    (_, { params, total, positions }) => {
      const page = FillPage.read(FILLED.header.sections, payloadOf(FILLED));
      const all = selectFilled(page, params as unknown as FillQuery);
      expect(all).toHaveLength(total);
      expect(all.slice(params.start as number, params.stop as number)).toEqual(positions);
    },
  );
});

it("other headers are refused in words", () => {
  expect(() => answerHeader({ version: 9 })).toThrow(/run the cell again/);
  expect(() => answerHeader({ version: 1, kind: "fill", sections: [] })).toThrow(/not one of answers/);
  expect(() => fillHeader({ version: 1, kind: "answer", sections: [] })).toThrow(/not one of filled masks/);
});

describe("stretches of overlapping spans", () => {
  const told = (text: string, spans: [number, number][], first = 0) =>
    stretches(new CodePoints(text, first), spans).map(({ text, of }) => [text, of.join()]);

  it("lie side by side and hold the whole text", () => {
    expect(
      told("abcdef", [
        [1, 4],
        [2, 6],
        [2, 3],
      ]),
    ).toEqual([
      ["a", ""],
      ["b", "0"],
      ["c", "0,1,2"],
      ["d", "0,1"],
      ["ef", "1"],
    ]);
    expect(told("abc", [])).toEqual([["abc", ""]]);
    expect(told("abc", [[0, 3]])).toEqual([["abc", "0"]]);
    expect(told("abc", [[-1, -1]])).toEqual([["abc", ""]]);
  });

  it("are counted in code points of the whole text", () => {
    expect(told("👩‍👧 ab", [[4, 5]])).toEqual([
      ["👩‍👧 ", ""],
      ["a", "0"],
      ["b", ""],
    ]);
    expect(
      told(
        "cdef",
        [
          [0, 3],
          [3, 5],
        ],
        2,
      ),
    ).toEqual([
      ["c", "0"],
      ["de", "1"],
      ["f", ""],
    ]);
  });
});

describe("the panel of answers", () => {
  it("shows texts as text, and what has no answer with its reason", async () => {
    const { el, texts, all } = show(traitsOf("answer", ANSWERS.own));
    await drawn();
    expect(texts()).toContain("<img src=x onerror=alert(1)>");
    expect(el.querySelector("img")).toBeNull();
    const answers = all(".nbt-rows .nbt-td.nbt-col-label").map((cell) => cell.textContent);
    expect(answers).toEqual([
      "London",
      "لندن",
      "伦敦",
      "No",
      "no answer",
      "no question: empty",
      "no context: missing",
      "London",
    ]);
  });

  it("opens a row on its best answer, marked in its context, and on the others", async () => {
    const { one, all, click } = show(traitsOf("answer", ANSWERS.own));
    await drawn();
    await click('[data-at="0"] .nbt-col-text');
    expect(one(".nbt-detail .nbt-question").textContent).toBe("Where was Ada born?");
    expect(one(".nbt-detail .nbt-answer").textContent).toBe("London");
    expect(all(".nbt-context mark").map((mark) => [mark.textContent, mark.dataset.of])).toEqual([
      ["in ", "1"],
      ["London", "0 1"],
    ]);
    expect(one(".nbt-context").textContent).toBe("Ada 👩‍💻 was born in London; naïve? No.");
    expect(all(".nbt-detail .nbt-labels-name").map((name) => name.textContent)).toEqual([
      "London",
      "in London",
      "no answer",
    ]);
    all(".nbt-detail .nbt-labels li")[1]?.dispatchEvent(new Event("pointerenter"));
    await drawn();
    expect(all(".nbt-context .nbt-on").map((mark) => mark.textContent)).toEqual(["in ", "London"]);
  });

  it("filters by whether there is an answer", async () => {
    const { texts, all } = show(traitsOf("answer", ANSWERS.own));
    await drawn();
    all(".nbt-bucket")[1]?.click();
    await drawn();
    expect(texts()).toEqual(["Who won?"]);
    all(".nbt-bucket")[2]?.click();
    await drawn();
    expect(texts()).toEqual(["", "What is missing?"]);
  });

  it("says the one question of all rows once, and names them by their contexts", async () => {
    const { one, texts, all } = show(traitsOf("answer", ANSWERS.asked));
    await drawn();
    expect(one(".nbt-question-of-all").textContent).toBe("Where?");
    expect(all(".nbt-th.nbt-col-text")[0]?.textContent).toContain("Context");
    expect(texts()[1]).toBe("ولدت آدا في لندن.");
  });

  it("asks for a context of which only a part has come", async () => {
    const found = ANSWERS.shared;
    const payload = payloadOf(found);
    const length = found.header.sections.find(({ name }) => name === "context_length")?.offset ?? 0;
    payload.setUint32(length, 100, true);
    const { model, one, click } = show({ kind: "answer", header: found.header, payload });
    await drawn();
    await click('[data-at="0"] .nbt-col-text');
    expect(one(".nbt-context").textContent).toContain("more characters");
    await drawn();
    const asked = model.sent.find(({ method }) => method === "context");
    expect(asked?.params).toEqual({ position: 0 });
  });
});

describe("the panel of filled masks", () => {
  it("shows the filled texts, and of an open row a chip for each mask", async () => {
    const { el, texts, all, one, click } = show(traitsOf("fill", FILLED));
    await drawn();
    expect(texts()).toEqual([
      "Paris is the capital of France.",
      "👩‍👧 <b> sing!",
      "巴黎是法国的首都。",
      "no mask at all",
      "",
      "باريس هي عاصمة",
    ]);
    await click('[data-at="1"] .nbt-col-text');
    expect(el.querySelector("b")).toBeNull();
    expect(one(".nbt-text-full").textContent).toBe("👩‍👧 <b> sing!");
    const names = () => all(".nbt-detail .nbt-labels-name").map((name) => name.textContent);
    expect(names()).toEqual(["<b>", "a"]);
    all(".nbt-mask")[1]?.click();
    await drawn();
    expect(names()).toEqual(["s", "##th"]);
    expect(all(".nbt-mask").map((chip) => chip.getAttribute("aria-pressed"))).toEqual(["false", "true"]);
  });
});

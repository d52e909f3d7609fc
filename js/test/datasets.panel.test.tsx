// The panels of datasets: what is asked while one types, the list, one dataset with its first rows, and what is next.
import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/datasets.json";
import { byName, datasetWishOf } from "../src/models/datasets";
import { type DatasetsListed, datasetHeader, datasetsHeader, type Look } from "../src/wire/datasets";
import { type Answers, catalogue } from "./catalogue";
import { drawn, onCleanPages, textOf } from "./page";

onCleanPages();

const LISTED = golden.header.listed as DatasetsListed;
const HOSTILE = golden.detail.name;
const LOOK = golden.look as unknown as Look;
const PLAIN: Look = { ...LOOK, name: "acme/reviews", uses: golden.uses as unknown as Look["uses"] };

/** A panel, and a kernel that answers as it is told. */
async function panel(
  kind: "datasets" | "dataset",
  answers: Answers = {},
  traits: Record<string, unknown> = {},
) {
  const header = kind === "datasets" ? golden.header : golden.one;
  const page = await catalogue({ kind, header, selection: [], ...traits }, 300, () => ({
    state: kind === "datasets" ? { listed: LISTED } : { look: LOOK },
    detail: golden.detail,
    look: LOOK,
    cell: golden.cell,
    ...answers,
  }));
  const select = async (name: string, key: string) => {
    const chosen = page.field(name) as unknown as HTMLSelectElement;
    chosen.value = key;
    chosen.dispatchEvent(new Event("change", { bubbles: true }));
    await drawn(10);
  };
  return { ...page, select };
}

describe("the wire of datasets", () => {
  it("is read as it is written", () => {
    const header = datasetsHeader(golden.header);
    expect(header.listed.rows.map(({ dataset }) => dataset)).toEqual(["acme/reviews", HOSTILE, "acme/bare"]);
    expect(datasetWishOf(header.listed)).toMatchObject({ search: "a", size: "n<1K", language: "" });
    expect(datasetHeader(golden.one).look.splits).toEqual([
      ["train", 8530],
      ["test", null],
    ]);
    expect(() => datasetsHeader(golden.one)).toThrow("no list of datasets");
    expect(() => datasetHeader(golden.header)).toThrow("no look into a dataset");
    expect(byName(LISTED.rows).map(({ dataset }) => dataset)).toEqual(["acme/bare", HOSTILE, "acme/reviews"]);
  });
});

describe("the list of datasets", () => {
  it("asks once one has stopped typing, and drops what is late", async () => {
    const page = await panel("datasets");
    await page.type("Search datasets by name", "b");
    await page.type("Search datasets by name", "be");
    expect(page.asked("search")).toHaveLength(0);
    await drawn(250);
    expect(page.asked("search").map(({ params }) => params?.search)).toEqual(["be"]);
    expect(textOf(page.one(".nbt-subtitle"))).toBe("Searching…");
    await page.type("Search datasets by name", "ber");
    await drawn(250);
    const [late, wanted] = page.asked("search");
    const found = (dataset: string) => ({
      ...LISTED,
      number: 2,
      asked: { ...LISTED.asked, search: "ber" },
      rows: [{ ...LISTED.rows[0], dataset }],
    });
    page.reply(wanted, found("the new"));
    await drawn();
    page.reply(late, found("the old"));
    await drawn();
    expect(page.names()).toEqual(["the new"]);
    expect(textOf(page.one(".nbt-subtitle"))).toBe(LISTED.summary);
  });

  it("is filtered and sorted, by the Hub and by what is in sight", async () => {
    const page = await panel("datasets");
    await page.type("Language", "de");
    await page.type("Licence", "mit");
    page.field("On this machine only").click();
    await page.select("Task", "summarization");
    await page.select("Rows", "1K<n<10K");
    await drawn(250);
    expect(page.asked("search").at(-1)?.params).toEqual({
      ...{ search: "a", task: "summarization", language: "de", licence: "mit", size: "1K<n<10K" },
      ...{ local_only: true, sort: "downloads" },
    });
    const before = page.asked("search").length;
    await page.select("Sort", "name");
    await drawn(250);
    expect(page.names()[0]).toBe("acme/bare");
    expect(page.asked("search")).toHaveLength(before);
    await page.select("Sort", "date");
    await drawn(250);
    expect(page.asked("search").at(-1)?.params?.sort).toBe("date");
    await page.press("Clear 5 filters");
    expect(page.asked("search").at(-1)?.params).toMatchObject({ search: "a", task: "", size: "" });
  });

  it("says what went wrong, what one should know, and which name may have been meant", async () => {
    const none = { ...LISTED, number: 1, rows: [], near: ["acme/reviews"], notes: [] };
    const page = await panel("datasets", { search: none });
    expect(textOf(page.one('[role="note"]'))).toContain("Something that one should know.");
    await page.type("Search datasets by name", "revews");
    await page.answer();
    expect(textOf(page.one(".nbt-none p"))).toBe("There is no such dataset. Did you mean one of these?");
    expect(page.all(".nbt-models-two")).toHaveLength(0);
    await page.press("acme/reviews");
    expect(page.asked("search").at(-1)?.params?.search).toBe("acme/reviews");
    const failing = await panel("datasets", { search: "`--language` is 'english'. Give a code." });
    await failing.type("Language", "english");
    await failing.answer();
    expect(textOf(failing.one('[role="alert"]'))).toBe("--language is 'english'. Give a code.");
  });

  it("has the one that is looked at selected, whatever the order, and looks at what is selected", async () => {
    const page = await panel("datasets");
    await page.select("Sort", "name");
    await page.press("acme/reviews");
    expect(page.model.get("selection")).toEqual([0]);
    page.model.change({ selection: [2] });
    await page.answer();
    expect(page.one(".nbt-models-detail").getAttribute("aria-label")).toContain("acme/bare");
    await page.press("Close acme/bare");
    expect(page.model.get("selection")).toEqual([]);
  });

  it("goes on where the Hub does", async () => {
    const rows = [...LISTED.rows, { ...LISTED.rows[0], dataset: "acme/more" }];
    const page = await panel("datasets", { more: { ...LISTED, number: 1, more: false, rows } });
    await page.press("More from the Hub");
    expect(page.asked("more")[0]?.params).toEqual({ number: 0 });
    expect(page.names()).toContain("acme/more");
  });

  it("is walked through by the keys, and keeps hostile texts texts", async () => {
    const page = await panel("datasets");
    page.field("Search datasets by name").focus();
    await page.key("ArrowDown");
    await page.key("ArrowDown");
    expect(textOf(document.activeElement as Element)).toBe(HOSTILE);
    (document.activeElement as HTMLElement).click();
    await page.answer();
    expect(page.one(`[aria-label="The dataset ${HOSTILE}"]`).id).toBe(
      page.one('.nbt-models-list tr[aria-current="true"] button').getAttribute("aria-controls"),
    );
    expect(page.el.querySelector("img, script")).toBeNull();
    expect(textOf(page.one(".nbt-dataset-rows"))).toContain("<img src=x onerror=alert(1)> 😀");
    page.button(`Close ${HOSTILE}`).focus();
    await page.key("Escape");
    expect(page.all(".nbt-models-detail")).toHaveLength(0);
    expect(textOf(document.activeElement as Element)).toBe(HOSTILE);
  });
});

describe("one dataset", () => {
  it("is shown in full, each column with its type", async () => {
    const page = await panel("datasets");
    await page.press(HOSTILE);
    expect(page.all(".nbt-models-detail dt").map(textOf)).toEqual(golden.detail.facts.map(([name]) => name));
    expect(page.all(".nbt-dataset-rows thead th").map(textOf)).toEqual([
      "Row",
      ...LOOK.columns.map(([name, type]) => name + type),
    ]);
    expect(page.all(".nbt-dataset-rows tbody tr")).toHaveLength(3);
    expect(page.all(".nbt-dataset-rows td").every((cell) => cell.getAttribute("dir") === "auto")).toBe(true);
    expect(page.asked("look")[0]?.params).toEqual({ name: HOSTILE, subset: null, split: null, rows: 10 });
    expect(page.all(".nbt-dataset-uses, input[type=checkbox][aria-label]")).toEqual([]);
  });

  it("is looked into at another split and subset", async () => {
    const page = await panel("datasets");
    await page.press(HOSTILE);
    expect(page.button("train · 8,530 rows").getAttribute("aria-pressed")).toBe("true");
    await page.press("test");
    expect(page.asked("look").at(-1)?.params).toMatchObject({ subset: "中文", split: "test" });
    await page.select("Subset", "en");
    expect(page.asked("look").at(-1)?.params).toMatchObject({ subset: "en", split: null });
  });

  it("has its splits in a list where there are many, and says one alone", async () => {
    const splits = Array.from({ length: 5 }, (_, at) => [`s${at}`, at]) as Look["splits"];
    const many = await panel("datasets", { look: { ...LOOK, split: "s1", splits } });
    await many.press(HOSTILE);
    expect([...(many.field("Split") as unknown as HTMLSelectElement).options].map(textOf)[1]).toBe(
      "s1 · 1 row",
    );
    const single = await panel("datasets", { look: { ...LOOK, splits: [["train", 3]], subsets: [] } });
    await single.press(HOSTILE);
    expect(textOf(single.one(".nbt-dataset-look .nbt-tools"))).toBe("train · 3 rows");
  });

  it("has a long cell whole, and more rows", async () => {
    const rows = Array.from({ length: 10 }, () => LOOK.rows[1]) as Look["rows"];
    const page = await panel("datasets", { look: { ...LOOK, rows } });
    await page.press(HOSTILE);
    const [column] = LOOK.columns[0] ?? [""];
    await page.press(`${column}, row 4: show all`);
    expect(page.asked("cell")[0]?.params).toEqual({
      ...{ name: HOSTILE, subset: "中文", split: "train" },
      ...{ row: 4, column: 0 },
    });
    expect(textOf(page.one(".nbt-dataset-look pre")).trimEnd()).toBe(golden.cell.text.trimEnd());
    await page.press(`Close ${column}, row 4`);
    expect(page.all(".nbt-dataset-look pre")).toEqual([]);
    await page.press("More rows");
    expect(page.asked("look").at(-1)?.params?.rows).toBe(30);
    // Of the other nobody says how many rows it has: those that came are all.
    const short = await panel("datasets", { look: { ...LOOK, split: "test" } });
    await short.press(HOSTILE);
    expect(short.all(".nbt-dataset-more")).toEqual([]);
    const look = { ...LOOK, split: "test" };
    const one = await panel("dataset", { state: { look } }, { header: { ...golden.one, look } });
    expect(one.all(".nbt-dataset-more")).toHaveLength(1);
  });

  it("says why it cannot be looked into, once", async () => {
    const gated = "It is gated. Accept its terms, then type `hf auth login`.";
    const page = await panel("datasets", { look: gated });
    await page.press(HOSTILE);
    expect(page.all('[role="alert"]').map(textOf)).toEqual([gated.replaceAll("`", "")]);
    const unknown = "The Hub has no dataset a. Did you mean b?";
    const missing = await panel("datasets", { look: `hub:a: ${unknown}`, detail: unknown });
    await missing.press(HOSTILE);
    expect(missing.all('[role="alert"]').map(textOf)).toEqual([unknown]);
  });

  it("is taken up by a cell", async () => {
    const page = await panel("datasets", { look: PLAIN });
    await page.press("acme/reviews");
    expect(textOf(page.one(".nbt-dataset-uses pre"))).toBe(golden.uses[0]?.[1]);
    await page.press("Fine-tune");
    expect(textOf(page.one(".nbt-dataset-uses pre"))).toBe(golden.uses[1]?.[1]);
  });
});

describe("a list without its kernel", () => {
  it("asks nobody, and waits for nothing", async () => {
    const page = await panel("datasets");
    page.model.lose();
    await drawn();
    await page.press("acme/reviews");
    expect(page.asked("look")).toEqual([]);
    expect(page.asked("detail")).toEqual([]);
    expect(page.all(".nbt-models-detail .nbt-spinner")).toEqual([]);
  });
});

describe("the panel of one dataset", () => {
  it("has its rows from the beginning, and they are selected", async () => {
    const page = await panel("dataset");
    expect(page.asked("look")).toEqual([]);
    expect(textOf(page.one(".nbt-title"))).toBe(HOSTILE);
    expect(page.all(".nbt-models-detail dt")).toHaveLength(golden.detail.facts.length);
    page.field("Select row 2").click();
    await drawn();
    page.field("Select row 0").click();
    await drawn();
    expect(page.model.get("selection")).toEqual([0, 2]);
    expect(textOf(page.one(".nbt-selected-count"))).toBe("2 rows selected");
    page.field("Select row 0").click();
    await page.press("Clear");
    expect(page.model.get("selection")).toEqual([]);
  });

  it("shows what was looked into last when the page has come anew", async () => {
    const page = await panel("dataset", { state: { look: { ...LOOK, split: "test", rows: [] } } });
    expect(page.button("test").getAttribute("aria-pressed")).toBe("true");
    expect(textOf(page.one(".nbt-none"))).toBe("It has no rows.");
  });

  it("keeps its rows, and asks nobody, once the kernel was restarted", async () => {
    const page = await panel("dataset");
    page.model.lose();
    await drawn();
    expect(textOf(page.one('[role="alert"]'))).toContain("The kernel");
    expect(page.all(".nbt-dataset-rows tbody tr")).toHaveLength(3);
    expect(page.all(".nbt-segments, .nbt-dataset-left, .nbt-dataset-more")).toEqual([]);
  });
});

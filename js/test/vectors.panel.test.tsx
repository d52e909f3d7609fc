import { describe, expect, it } from "vitest";
import stored from "../../tests/golden/vectors.json";
import type { Sent } from "./fake";
import { pack, stringTable } from "./fake";
import { viewAt } from "./golden";
import { drawn, onCleanPages, show } from "./page";

onCleanPages();

type Case = keyof typeof stored;

function shown(name: Case, change: Record<string, unknown> = {}) {
  const { header, payload_base64 } = stored[name];
  const bytes = Uint8Array.from(atob(payload_base64), (character) => character.charCodeAt(0));
  const page = show({ kind: header.kind, header: { ...header, ...change }, payload: viewAt(bytes, 0) });
  const tab = async (title: string) => {
    const button = page.all("nav button").find(({ textContent }) => textContent === title);
    if (!button) throw new Error(`no view ${title}`);
    button.click();
    await drawn();
  };
  const asked = () => page.model.sent.filter(({ type }) => type === "request");
  return { ...page, tab, asked };
}

function list(prefix: string, texts: string[]) {
  return [
    [prefix, Uint32Array.from(texts, (_, at) => at), [texts.length]],
    ...stringTable(`${prefix}_texts`, texts),
    ...stringTable(
      `${prefix}_index`,
      texts.map((_, at) => `#${at}`),
    ),
  ] as Parameters<typeof pack>[0];
}

async function reply(
  page: ReturnType<typeof shown>,
  { id }: Sent,
  arrays: Parameters<typeof pack>[0],
  facts = {},
) {
  const { sections, payload } = pack(arrays);
  page.model.receive({ type: "reply", id, ok: true, result: { ...facts, sections } }, [payload]);
  await drawn();
}

const titles = (page: ReturnType<typeof shown>) =>
  page.all("nav button").map(({ textContent }) => textContent);

describe("the views", () => {
  it("are those of the kind", () => {
    expect(titles(shown("embed"))).toEqual(["Map", "Neighbours", "Texts"]);
    expect(titles(shown("similar"))).toEqual(["Matrix", "Pairs", "Map", "Neighbours", "Texts"]);
  });

  it("begin with the neighbours of a query, which are asked for", async () => {
    const page = shown("similar", { query: "a film" });
    await drawn();
    expect(page.asked().map(({ method, params }) => [method, params])).toEqual([
      ["neighbours", { text: "a film" }],
    ]);
    expect((page.one(".nbt-near input") as HTMLInputElement).value).toBe("a film");
  });

  it("are none while the work goes on, and the texts come as they are done", () => {
    const page = shown("embed", { partial: true, inline: false });
    expect(page.all("nav")).toEqual([]);
    expect(page.all(".nbt-rows .nbt-row").length).toBe(5);
    expect(page.asked()).toEqual([]);
  });

  it("are of texts: no markup in them becomes an element", async () => {
    const page = shown("similar");
    for (const title of titles(page)) {
      await page.tab(String(title));
      expect(page.all("img, script")).toEqual([]);
    }
  });
});

describe("the matrix", () => {
  const at = (page: ReturnType<typeof shown>) => [
    page.one(".nbt-readout .nbt-value-big").textContent,
    ...page.all(".nbt-readout .nbt-pair p > span").map(({ textContent }) => textContent),
  ];

  it("is walked through by keys, in either order, and asks nothing where it is here", async () => {
    const page = shown("crosswise");
    page.one("canvas[tabindex]").focus();
    for (const key of ["ArrowRight", "ArrowDown"]) await page.key(key);
    expect(at(page)).toEqual(["0.3162", "这部电影很好看。", "\u{1d4d0}"]);
    await page.key("ArrowLeft");
    expect(at(page)).toEqual(["0.9487", "这部电影很好看。", "Cafe\u0301\nsecond line"]);
    for (let times = 0; times < 9; times++) await page.key("ArrowDown");
    expect(at(page)).toEqual(["–", "no text", "Cafe\u0301\nsecond line"]);
    await page.key("Escape");
    expect(page.one(".nbt-readout").textContent).toMatch(/Point at a cell/);
    expect(page.asked()).toEqual([]);
  });

  it("keeps a pair, whose texts' neighbours can be asked for", async () => {
    const page = shown("similar");
    page.one("canvas[tabindex]").focus();
    for (const key of ["ArrowRight", "Enter"]) await page.key(key);
    const [first, second] = page.all(".nbt-readout .nbt-button");
    expect([first?.textContent, second?.textContent]).toEqual([
      "Nearest to the first",
      "Nearest to the second",
    ]);
    second?.click();
    await drawn();
    expect(page.asked()[0]?.params).toEqual({ position: 1 });
  });

  it("that is not here is asked for as tiles, and what is out of sight is taken back", async () => {
    const { sections } = stored.similar.header;
    const page = shown("similar", {
      matrix: { rows: 1500, columns: 1500, crosswise: false, low: 0, high: 1 },
      rows: 1500,
      inline: false,
      sections: sections.filter(({ name }) => name !== "values"),
    });
    expect(page.asked()).toEqual([]);
    await drawn(200);
    // Two at a time, each replaced by the next when it is answered: here that there is none.
    const refused = "No such tile.";
    for (let number = 0; number < 3; number++) {
      expect(page.asked().length).toBe(2 + number);
      const { id } = page.asked()[number] as Sent;
      page.model.receive({ type: "reply", id, ok: false, error: refused });
      await drawn();
    }
    const [whole, ...tiles] = page.asked();
    expect(whole?.params).toEqual({ order: "input", rows: [0, 1500, 188], columns: [0, 1500, 188] });
    expect(tiles.map(({ params }) => [params?.rows, params?.columns])).toEqual(
      [
        [0, 1024, 256],
        [1024, 1500, 119],
      ].flatMap((rows, _, both) => both.map((columns) => [rows, columns])),
    );
    await page.click(".nbt-matrix .nbt-segment:last-child");
    const taken = page.model.sent.filter(({ type }) => type === "cancel");
    expect(taken.map(({ id }) => id)).toEqual(tiles.slice(2).map(({ id }) => id));
    await drawn(200);
    // The kernel is at work with what was taken back, and is asked no more before it has answered.
    expect(page.asked().length).toBe(5);
    for (const { id } of taken) page.model.receive({ type: "reply", id, ok: false, error: refused });
    await drawn(200);
    expect(page.asked().at(-1)?.params?.order).toBe("cluster");
    expect(page.one(".nbt-wait").textContent).toMatch(/No such tile/);
  });
});

describe("neighbours", () => {
  it("are asked for as typed, shown with their scores, and are themselves picked", async () => {
    const page = shown("embed");
    await page.tab("Neighbours");
    const input = page.one(".nbt-near input") as HTMLInputElement;
    input.value = "a film";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn();
    await page.click(".nbt-near button[type=submit]");
    expect(page.asked().at(-1)).toMatchObject({ method: "neighbours", params: { text: "a film" } });
    await drawn(2_000);
    expect(page.one(".nbt-wait").textContent).toMatch(/Waiting for the kernel/);
    const scores = Float32Array.of(0.75, -0.25);
    await reply(page, page.asked().at(-1) as Sent, [
      ...list("row", ["<b>near</b>", "far"]),
      ["score", scores, [2]],
    ]);
    expect(page.all(".nbt-near li").map(({ textContent, title }) => [textContent, title])).toEqual([
      ["0.750#0<b>near</b>", "0.7500"],
      ["−0.250#1far", "−0.2500"],
    ]);
    await page.click(".nbt-near li:nth-child(2) button");
    expect(page.asked().at(-1)?.params).toEqual({ position: 1 });
    expect(page.one(".nbt-near > .nbt-pair").textContent).toBe("#1far");
  });

  it("say why they are not there, and are asked for again", async () => {
    const page = shown("similar");
    await page.tab("Pairs");
    const [first] = page.asked() as [Sent];
    page.model.receive({ type: "reply", id: first.id, ok: false, error: "The model is gone." });
    await drawn();
    expect(page.one(".nbt-wait").textContent).toMatch(/The model is gone/);
    await page.click(".nbt-wait button");
    expect(page.asked().length).toBe(2);
    const scores = Float32Array.of(0.5);
    const pairs = [...list("row", ["one"]), ...list("column", ["other"]), ["score", scores, [1]] as never];
    await reply(page, page.asked().at(-1) as Sent, pairs);
    expect(page.one(".nbt-near li").textContent).toBe("0.500#0one#0other");
    // What was answered once is not asked again.
    await page.tab("Matrix");
    await page.tab("Pairs");
    expect(page.asked().length).toBe(2);
    expect(page.all(".nbt-near li").length).toBe(1);
  });

  it("of billions of pairs are compared only when one asks for it", async () => {
    const page = shown("similar", { matrix: { ...stored.similar.header.matrix, rows: 1e5, columns: 1e5 } });
    await page.tab("Pairs");
    expect(page.asked()).toEqual([]);
    expect(page.one(".nbt-near button").textContent).toBe("Compare all 4,999,950,000 pairs");
    await page.click(".nbt-near button");
    expect(page.asked().map(({ method }) => method)).toEqual(["pairs"]);
  });
});

describe("the map", () => {
  it("selects by keys what Python then has", async () => {
    const page = shown("embed");
    page.one("canvas[tabindex]").focus();
    await page.key("ArrowRight");
    await page.key(" ");
    expect((page.model.get("selection") as number[]).length).toBe(1);
    const [row] = page.model.get("selection") as [number];
    expect(page.one(".nbt-readout bdi").textContent).toBe(stored.embed.rows[row]?.index);
    await page.key("Enter");
    expect(page.all(".nbt-readout button").map(({ textContent }) => textContent)).toEqual([
      "Deselect",
      "Nearest texts",
    ]);
    await page.click(".nbt-readout button");
    expect(page.model.get("selection")).toEqual([]);
  });

  it("selects what is found without a pointer", async () => {
    const page = shown("embed");
    const input = page.one("input[type=search]") as HTMLInputElement;
    input.value = "film";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn(400);
    const select = page.all(".nbt-button").find(({ textContent }) => textContent === "Select what is found");
    select?.click();
    await drawn();
    expect(page.model.get("selection")).toEqual([0]);
  });

  it("by another method is asked for, and comes with its own words", async () => {
    const page = shown("embed", { maps: ["pca", "umap"] });
    expect(page.one(".nbt-readout").textContent).toMatch(/100% of the variance/);
    page
      .all(".nbt-segment")
      .find(({ textContent }) => textContent === "UMAP")
      ?.click();
    await drawn();
    const asked = page.asked().at(-1) as Sent;
    expect(asked).toMatchObject({ method: "map", params: { method: "umap" } });
    const points = new Float32Array(10);
    const cluster = Uint8Array.of(0, 0, 0, 255, 255);
    await reply(
      page,
      asked,
      [
        ["points", points, [5, 2]],
        ["cluster", cluster, [5]],
      ],
      { title: "UMAP", note: "Near is alike." },
    );
    expect(page.one(".nbt-readout").textContent).toBe("Near is alike.");
    expect(page.all(".nbt-legend button").map(({ textContent }) => textContent)).toEqual([
      "Cluster 1: 3",
      "In no cluster: 2",
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { select } from "../src/query/entities";
import { CodePoints } from "../src/tokens/codepoints";
import { EntityPage, entitiesHeader } from "../src/wire/entities";
import { pack, stringTable } from "./fake";
import { bytes, goldenEntities } from "./fakeentities";
import { viewAt } from "./golden";
import { drawn, onCleanPages, show } from "./page";

const { header, payload, queries, ...golden } = goldenEntities;
const page = () => EntityPage.read(header.sections, payload);

describe("the wire", () => {
  it("is read as the golden file tells, wherever its buffer begins", () => {
    for (const view of [payload, viewAt(bytes, 3)]) {
      const read = EntityPage.read(header.sections, view);
      golden.rows.forEach(({ entities, ...told }, at) => {
        const row = read.row(at);
        expect(row).toMatchObject({ ...told, count: entities.length });
        const points = new CodePoints(row.text);
        expect(row.entities.map((one) => ({ ...one, text: points.slice(one.start, one.stop) }))).toEqual(
          entities,
        );
      });
    }
  });

  it("gives the same rows from a stretch of it", () => {
    const stretch = page().slice(1, 3);
    expect([stretch.count, stretch.row(1)]).toEqual([2, page().row(2)]);
  });

  it("refuses what it cannot read", () => {
    expect(() => entitiesHeader({ ...header, kind: "classify" })).toThrow("not one of entities");
    expect(() => entitiesHeader({ ...header, version: 2 })).toThrow("run the cell again");
    const short = header.sections.map((one) =>
      one.name === "type" ? { ...one, shape: [1], nbytes: 4 } : one,
    );
    expect(() => EntityPage.read(short, payload)).toThrow("incomplete");
  });

  it.each(queries)("answers $params as Python does", ({ params, total, positions }) => {
    const found = select(page(), params);
    expect(found).toHaveLength(total);
    expect(found.slice(params.start, params.stop)).toEqual(positions);
  });
});

describe("the panel", () => {
  onCleanPages();

  const shown = () => show({ kind: "entities", header, payload });
  const marks = (element: Element) =>
    [...element.querySelectorAll("mark")].map((mark) => [...mark.children].map((child) => child.textContent));

  it("ends no line between an entity and its type", () => {
    const { all } = shown();
    for (const mark of all("mark")) expect(mark.textContent?.split("\u00a0")).toHaveLength(2);
  });

  it("marks the entities of every row, each with its type in words", () => {
    const { all, el } = shown();
    golden.rows.forEach(({ entities }, at) => {
      const [row] = all(`[data-at='${at}']`);
      expect(row && marks(row)).toEqual(entities.map(({ text, type }) => [text, header.types[type]]));
    });
    expect(el.querySelector("img, b")).toBeNull();
  });

  it("filters by a type, and lets the others step back", async () => {
    const { all, click } = shown();
    await click(".nbt-bucket:nth-child(2)");
    const holding = golden.rows.filter(({ entities }) => entities.some(({ type }) => type === 1));
    expect(all(".nbt-rows .nbt-row")).toHaveLength(holding.length);
    const off = all("mark.nbt-entity-off").map((mark) => mark.lastElementChild?.textContent);
    expect(new Set(off)).toEqual(new Set(["PER", "ORG"]));
  });

  it("shows a text in full, with scores, and its tokens when they are asked for", async () => {
    const { model, all, one, click } = shown();
    await click("[data-at='0'] .nbt-col-text");
    expect(marks(one(".nbt-text-full"))).toHaveLength(3);
    expect(all(".nbt-entities .nbt-number").map((score) => score.textContent)).toEqual([
      "0.938",
      "0.750",
      "0.875",
    ]);
    const { sections, payload: tokens } = pack([
      ["label", Uint32Array.of(1, 0), [2]],
      ["score", Float32Array.of(0.5, 0.75), [2]],
      ["begins", Uint8Array.of(1, 0), [2]],
      ...stringTable("pieces", ["ada", "##<b>"]),
      ...stringTable("labels", ["O", "B-PER"]),
    ]);
    model.onSend = ({ id }) =>
      model.receive({ type: "reply", id, ok: true, result: { total: 3, sections } }, [tokens]);
    await click(".nbt-detail div > .nbt-button");
    expect(all(".nbt-tagged li").map((token) => token.textContent)).toEqual(["adaB-PER", "##<b>O"]);
    expect(one(".nbt-detail div > .nbt-button").textContent).toBe("Show 1 more token");
    expect(model.sent.at(-1)).toMatchObject({ method: "tokens", params: { position: 0, start: 0 } });
  });

  it("says why a row has none, and shows one text without a table", async () => {
    const { all } = shown();
    expect(all("[data-at='5'] .nbt-col-entities")[0]?.textContent).toBe("missing");
    const { sections, payload: own } = pack([
      ["position", Uint32Array.of(0), [1]],
      ["reason", Uint8Array.of(0), [1]],
      ["flags", Uint8Array.of(0), [1]],
      ...stringTable("texts", ["Ada met Ada"]),
      ...stringTable("index", ["0"]),
      ...stringTable("reasons", []),
      ["count", Uint32Array.of(1), [1]],
      ["found", Uint32Array.of(0, 1), [2]],
      ["start", Uint32Array.of(8), [1]],
      ["stop", Uint32Array.of(11), [1]],
      ["type", Uint32Array.of(0), [1]],
      ["score", Float32Array.of(0.5), [1]],
    ]);
    const single = { ...header, rows: 1, counts: [1, 0, 0, 0], sections };
    const alone = show({ kind: "entities", header: single, payload: own });
    await drawn();
    expect(marks(alone.one(".nbt-text-full"))).toEqual([["Ada", "PER"]]);
    expect(alone.all("[role='grid']")).toHaveLength(0);
  });
});

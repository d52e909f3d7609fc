import { describe, expect, it } from "vitest";
import stored from "../../tests/golden/positions.json";
import { Encoding, type EncodingFacts, type Picture, positionsHeader } from "../src/wire/positions";
import { Sections } from "../src/wire/sections";
import { pack } from "./fake";
import { viewAt } from "./golden";
import { drawn, onCleanPages, show } from "./page";

onCleanPages();

type Case = keyof typeof stored;

function payloadOf(name: Case): DataView {
  return viewAt(
    Uint8Array.from(atob(stored[name].payload_base64), (one) => one.charCodeAt(0)),
    3,
  );
}

function encoding(name: Case, change: Partial<EncodingFacts> = {}): Encoding {
  const header = positionsHeader(stored[name].header);
  const facts = { ...(header.encodings[0] as EncodingFacts), ...change };
  return new Encoding(0, facts, new Sections(header.sections, payloadOf(name)));
}

const rounded = (values: Iterable<number>) =>
  Array.from(values, (value) => (Number.isNaN(value) ? null : Number(value.toFixed(5))));

describe("the golden file", () => {
  it("has the pictures that it tells of", () => {
    for (const name of Object.keys(stored) as Case[]) {
      for (const [picture, told] of Object.entries(stored[name].told.pictures)) {
        expect(rounded(encoding(name).picture(picture as Picture).values)).toEqual(told);
      }
    }
  });

  it("tells what is alike, and how that depends on the distance", () => {
    for (const name of ["sinusoidal", "rotary"] as const) {
      const { alike, by_distance } = stored[name].told;
      expect(rounded(encoding(name).alike(0)?.values ?? [])).toEqual(alike);
      expect(rounded(encoding(name).byDistance?.values ?? [])).toEqual(by_distance);
    }
  });

  it("gives what a head adds by query and key, from its bias alone", () => {
    const relative = encoding("relative");
    expect(rounded(relative.alike(1)?.values ?? [])).toEqual(stored.relative.told.alike_of_head_1);
    expect(relative.byDistance).toBeNull();
    expect(relative.curve("bias", 1)?.at).toEqual([-2, -1, 0, 1, 2]);
    expect(rounded(relative.curve("bias", 1)?.values ?? [])).toEqual([0.5, 0.25, 0.125, -0.25, -0.5]);
  });
});

describe("a causal head", () => {
  it("adds nothing where no query looks", () => {
    const { sections, payload } = pack([["0_bias", Float32Array.of(-2, -1, 0), [3, 1]]]);
    const facts = { ...stored.relative.header.encodings[0], rows: 3, columns: 1 } as EncodingFacts;
    const causal = new Encoding(0, facts, new Sections(sections, payload));
    expect(rounded(causal.alike(0)?.values ?? [])).toEqual([0, null, null, -1, 0, null, -2, -1, 0]);
  });
});

describe("what is sampled", () => {
  it("has the curves that came, and asks for others", () => {
    const { sections, payload } = pack([
      ["0_value", Float32Array.of(1, 2, 3, 4), [2, 2]],
      ["0_curves", Float32Array.of(5, 6, 7, 8), [2, 2]],
    ]);
    const facts = { ...stored.sinusoidal.header.encodings[0], step: [3, 2], curve_step: 3, curves: [0, 3] };
    const one = new Encoding(0, facts as unknown as EncodingFacts, new Sections(sections, payload));
    expect(one.curve("value", 3)).toEqual({ at: [0, 3], values: Float32Array.of(7, 8) });
    expect(one.curve("value", 1)).toBeNull();
    const { rowStarts, columnStarts } = one.picture("value");
    expect([...rowStarts, ...columnStarts]).toEqual([0, 3, 6, 0, 2, 4]);
  });
});

function shown(name: Case, change: Record<string, unknown> = {}) {
  const header = { ...stored[name].header, ...change };
  const page = show({ kind: "positions", header, payload: payloadOf(name) });
  const tab = async (title: string) => {
    page
      .all("nav button")
      .find(({ textContent }) => textContent === title)
      ?.click();
    await drawn();
  };
  const asked = () => page.model.sent.filter(({ type }) => type === "request");
  return { ...page, tab, asked };
}

const text = (element: Element) => element.textContent?.replace(/\s+/g, " ").trim();

describe("the panel", () => {
  it("has a view for each way to look, named by the form", () => {
    const titles = (name: Case) => shown(name).all('nav [aria-label="View"] button').map(text);
    expect(titles("sinusoidal")).toEqual(["Heat map", "Curves by dimension", "Similarity"]);
    expect(titles("rotary")).toEqual(["Heat map", "Curves by pair", "Similarity"]);
    expect(titles("relative")).toEqual(["Heat map", "Curves by head", "By query and key"]);
  });

  it("tells the number of a cell and how the formula gives it, with no question", async () => {
    const page = shown("sinusoidal");
    page.one("canvas[tabindex]").focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight"])
      await page.key(key);
    const readout = text(page.one(".nbt-positions-readout"));
    expect(readout).toContain("0.9998");
    expect(readout).toContain("position 2, dimension 3");
    expect(readout).toContain("cos(2 / 100002/4)");
    expect(readout).toContain("PE(p, 2i) = sin(p / 100002i/d)");
    expect(page.one(".nbt-formula-lines sup").textContent).toBe("2/4");
    expect(page.asked()).toEqual([]);
  });

  it("names distances with their sign", async () => {
    const page = shown("relative");
    page.one("canvas[tabindex]").focus();
    await page.key("ArrowRight");
    expect(text(page.one(".nbt-positions-readout"))).toContain("distance −2, head 1");
  });

  it("has the position that is pinned selected, and shows what is selected elsewhere", async () => {
    const page = shown("sinusoidal");
    const said = () => page.all(".nbt-selected-count").map(text);
    page.one("canvas[tabindex]").focus();
    for (const key of ["ArrowDown", "ArrowDown", "Enter"]) await page.key(key);
    expect(page.model.get("selection")).toEqual([2]);
    expect(said()).toEqual(["position 2 selected"]);
    for (const key of ["ArrowDown", "Enter"]) await page.key(key);
    expect(page.model.get("selection")).toEqual([3]);
    page.model.change({ selection: [0, 1] });
    await drawn();
    expect(said()).toEqual(["2 selected"]);
    // What was pinned is so no more: it does not come back.
    await page.key("Escape");
    expect(page.model.get("selection")).toEqual([0, 1]);
    await page.tab("Similarity");
    expect(said()).toEqual(["2 selected"]);
    page
      .all("button")
      .find((button) => text(button) === "Clear")
      ?.click();
    await drawn();
    expect(page.model.get("selection")).toEqual([]);
    expect(said()).toEqual([]);
  });

  it("has no positions to select where they are queries and keys", async () => {
    const page = shown("relative");
    page.model.change({ selection: [1] });
    await drawn();
    expect(page.all(".nbt-selected-count").map(text)).toEqual(["distance −1 selected"]);
    await page.tab("By query and key");
    expect(page.all(".nbt-selected-count")).toEqual([]);
  });

  it("looks at the same picture in both of its views", async () => {
    const page = shown("rotary");
    page
      .all('[aria-label="Picture"] button')
      .find((button) => text(button) === "Sine")
      ?.click();
    await drawn();
    await page.tab("Curves by pair");
    expect(text(page.one('[aria-label="Picture"] [aria-pressed="true"]'))).toBe("Sine");
  });

  it("draws the curves that are chosen: one is left out by a press, another is typed", async () => {
    const page = shown("sinusoidal");
    await page.tab("Curves by dimension");
    expect(page.all(".nbt-curves path").length).toBe(4);
    page.all(".nbt-legend button")[1]?.click();
    await drawn();
    expect(page.all(".nbt-legend button").map(text)).toEqual(["dimension 0", "dimension 2", "dimension 3"]);
    const input = page.one(".nbt-curve-number") as HTMLInputElement;
    const type = async (value: string) => {
      input.value = value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      await drawn();
    };
    const add = page.one("form button[type=submit]") as HTMLButtonElement;
    for (const wrong of ["4", "0", "x", "-1", ""]) {
      await type(wrong);
      expect(add.disabled).toBe(true);
    }
    await type("1");
    add.click();
    await drawn();
    expect(page.all(".nbt-legend button").map(text).at(-1)).toBe("dimension 1");
    page.one("svg[tabindex]").focus();
    for (const key of ["ArrowRight", "ArrowRight"]) await page.key(key);
    expect(page.all(".nbt-curve-values dd").map(text)).toEqual(["1", "0.8415", "0.0100", "0.9999", "0.5403"]);
  });

  it("shows what is alike, and by distance", async () => {
    const page = shown("rotary");
    await page.tab("Similarity");
    page.one("canvas[tabindex]").focus();
    await page.key("ArrowDown");
    const readout = text(page.one(".nbt-positions-readout"));
    expect(readout).toContain("position 1, position 0");
    expect(readout).toContain("distance 1");
    expect(page.all(".nbt-curves path").length).toBe(1);
  });

  it("asks for what lies between sampled places, when someone looks closely", async () => {
    const one = stored.sinusoidal.header.encodings[0];
    const { sections, payload } = pack([
      ["0_value", new Float32Array(100 * 100), [100, 100]],
      ["0_alike", new Float32Array(100 * 100), [100, 100]],
      ["0_distance", new Int32Array(1), [1]],
      ["0_by_distance", new Float32Array(1), [1]],
      ["0_curves", new Float32Array(400), [1, 400]],
    ]);
    const sampled = { ...one, rows: 4000, columns: 400, side: 4000, step: [40, 4], alike_step: 40 };
    const encodings = [{ ...sampled, curves: [0], curve_step: 10 }];
    const header = { ...stored.sinusoidal.header, rows: 4000, encodings, sections };
    const page = show({ kind: "positions", header, payload });
    await drawn(200);
    const asked = () => page.model.sent.filter(({ type }) => type === "request");
    expect(text(page.one(".nbt-positions-readout"))).toContain(
      "Drawn: every 40th position, every 4th dimension",
    );
    page.one("canvas[tabindex]").focus();
    for (let times = 0; times < 30; times++) await page.key("+");
    // What was asked for on the way is out of sight, and answered before anything else is asked.
    for (const { id } of asked()) page.model.receive({ type: "reply", id, ok: false, error: "late" });
    await drawn(300);
    const params = asked().at(-1)?.params as { picture: string; rows: number[] };
    expect(params.picture).toBe("value");
    expect((params.rows[1] as number) - (params.rows[0] as number)).toBe(params.rows[2]);
  });

  it("has files written of what is looked at: the picture, or what one head adds", async () => {
    const page = shown("relative");
    await page.tab("Export");
    const press = async (title: string) => {
      page
        .all("button")
        .find((button) => text(button) === title)
        ?.click();
      await drawn();
    };
    await press("CSV");
    const [sent] = page.asked();
    expect(sent?.method).toBe("export");
    expect(sent?.params).toEqual({ what: "csv", encoding: 0, picture: "bias", head: 0 });
    const written = { name: "positions.csv", folder: "/notebooks", size: "1.2 kB", notes: [] };
    page.model.receive({ type: "reply", id: sent?.id as string, ok: true, result: written });
    await drawn();
    expect(text(page.one(".nbt-export-said"))).toBe("positions.csv · 1.2 kB · in /notebooks");
    await page.tab("By query and key");
    await press("Head 1");
    await press("PNG");
    expect(page.asked().at(-1)?.params).toEqual({ what: "png", encoding: 0, picture: "alike", head: 1 });
  });

  it("keeps markup as text", async () => {
    const nasty = "<img src=x onerror=alert(1)>";
    const one = stored.relative.header.encodings[0];
    const encodings = [{ ...one, name: nasty, source: nasty, formula: [nasty], told: nasty }];
    const page = shown("relative", { encodings, title: nasty, notes: [nasty] });
    for (const { textContent } of page.all("nav button")) {
      await page.tab(String(textContent));
      expect(page.all("img, script")).toEqual([]);
    }
  });
});

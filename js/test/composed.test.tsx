// A panel among other widgets: several views of one, what is selected from elsewhere, and nothing left behind.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import answer from "../../tests/golden/answer.json";
import attention from "../../tests/golden/attention.json";
import classify from "../../tests/golden/classify.json";
import entities from "../../tests/golden/entities.json";
import explain from "../../tests/golden/explain.json";
import fill from "../../tests/golden/fill.json";
import generate from "../../tests/golden/generate.json";
import positions from "../../tests/golden/positions.json";
import runs from "../../tests/golden/runs.json";
import stored from "../../tests/golden/stored.json";
import tokenize from "../../tests/golden/tokenize.json";
import training from "../../tests/golden/training.json";
import vectors from "../../tests/golden/vectors.json";
import workbench from "../../tests/golden/workbench.json";
import panel from "../src/index";
import { encodeRows, FakeModel, makeRows } from "./fake";
import { golden, viewAt } from "./golden";
import { drawn, onCleanPages, show } from "./page";

onCleanPages();

type Traits = Record<string, unknown>;

function traitsOf(one: { header: unknown; payload_base64?: string }): Traits {
  const header = one.header as Traits;
  const bytes = Uint8Array.from(atob(one.payload_base64 ?? ""), (character) => character.charCodeAt(0));
  return { kind: header.kind, header, payload: viewAt(bytes, 0), selection: [] };
}

const KINDS: Record<string, Traits> = {
  answer: traitsOf(answer.own),
  attention: traitsOf(attention.encoder),
  classify: traitsOf(classify.single_label),
  embed: traitsOf(vectors.embed),
  entities: traitsOf(entities.texts),
  explain: traitsOf(explain.pair),
  fill: traitsOf(fill.masks),
  generate: traitsOf(generate.prompts),
  positions: traitsOf(positions.rotary),
  runs: traitsOf(runs),
  similar: traitsOf(vectors.similar),
  stored: traitsOf(stored),
  tokenize: traitsOf(tokenize.one),
  training: traitsOf(training.running),
  workbench: traitsOf(workbench),
};

/** Views of one panel, in a notebook on the page. */
function views(count: number, traits: Traits) {
  const model = new FakeModel({ panel_id: "shared", ...traits });
  const disconnect = panel.initialize({ model });
  const places = Array.from({ length: count }, () => {
    const el = document.body.appendChild(document.createElement("div"));
    const end = panel.render({ model, el });
    const all = (selector: string) => [...el.querySelectorAll<HTMLElement>(selector)];
    return { el, end, all };
  }) as unknown as [View, ...View[]];
  return { model, disconnect, places };
}

interface View {
  el: HTMLElement;
  end(): void;
  all(selector: string): HTMLElement[];
}

/** Rows that are all in the page, and more than it shows. */
function manyRows(count = 200): Traits {
  const { sections, payload } = encodeRows(
    makeRows(count, 3, (at) => `text ${at}`),
    3,
  );
  const { header } = golden("single_label");
  const own = { labels: ["low", "middle", "high"], totals: { counts: [count, 0, 0], without_score: 0 } };
  return {
    kind: "classify",
    header: { ...header, ...own, rows: count, notes: [], facts: [], inline: true, sections },
    payload,
    selection: [],
  };
}

describe("views of one panel", () => {
  /** What is watched on the page, and is not let go. */
  const watching = new Set<unknown>();

  beforeEach(() => {
    for (const name of ["ResizeObserver", "MutationObserver", "IntersectionObserver"] as const) {
      class Counted {
        observe() {
          watching.add(this);
        }
        disconnect() {
          watching.delete(this);
        }
        unobserve() {}
        takeRecords() {
          return [];
        }
      }
      vi.stubGlobal(name, Counted);
    }
    for (const target of [window, document]) {
      vi.spyOn(target, "addEventListener").mockImplementation((...heard: unknown[]) => {
        watching.add(heard[1]);
      });
      vi.spyOn(target, "removeEventListener").mockImplementation((...heard: unknown[]) => {
        watching.delete(heard[1]);
      });
    }
  });

  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    watching.clear();
  });

  it.each(Object.entries(KINDS))("of kind %s are drawn once each, and leave nothing", async (_, traits) => {
    const { model, disconnect, places } = views(2, traits);
    await drawn(300);
    for (const { all } of places) {
      expect(all(".nbt-live")).toHaveLength(1);
      expect(all(".nbt-result")).toHaveLength(1);
      expect(all(".nbt-error")).toHaveLength(0);
    }
    const [first, second] = places as [View, View];
    first.end();
    await drawn(300);
    expect(first.el.childElementCount).toBe(0);
    expect(second.all(".nbt-result")).toHaveLength(1);
    second.end();
    disconnect();
    await drawn(100);
    expect(model.listeners).toBe(0);
    expect([...watching]).toEqual([]);
    const { length } = model.sent;
    await drawn(60_000);
    expect(model.sent).toHaveLength(length);
  });

  it("can be taken away and come again, with what is selected", async () => {
    for (const [kind, selection] of [
      ["attention", [2]],
      ["classify", [1]],
      ["explain", [1, 2]],
    ] as const) {
      const { model, places } = views(1, { ...KINDS[kind], selection });
      await drawn(300);
      places[0].end();
      const el = document.body.appendChild(document.createElement("div"));
      const end = panel.render({ model, el });
      await drawn(300);
      expect(model.get("selection")).toEqual(selection);
      expect(model.saved).toBe(0);
      end();
    }
  });
});

describe("what is selected elsewhere", () => {
  const selected = ({ all }: View) =>
    all(".nbt-row-selected")
      .map(({ dataset }) => Number(dataset.at))
      .sort((a, b) => a - b);
  const top = ({ all }: View) => all(".nbt-grid")[0]?.scrollTop;

  it("is marked in every view, and scrolled to", async () => {
    const { model, places } = views(2, manyRows());
    await drawn();
    model.change({ selection: [150, 152] });
    await drawn();
    for (const view of places) {
      expect(selected(view)).toEqual([150, 152]);
      expect(top(view)).toBeGreaterThan(34 * 130);
    }
    expect(model.saved).toBe(0);
    // What is there already needs no scrolling, and what is given back none.
    const [first] = places;
    const grid = first.all(".nbt-grid")[0] as HTMLElement;
    grid.scrollTop = 0;
    grid.dispatchEvent(new Event("scroll"));
    await drawn();
    model.change({ selection: [150] });
    await drawn();
    expect(top(first)).toBe(0);
  });

  it("is told once of a press, and scrolls only the other view", async () => {
    const { model, places } = views(2, manyRows());
    await drawn();
    const [first, second] = places as [View, View];
    for (const view of [first, second]) {
      const grid = view.all(".nbt-grid")[0] as HTMLElement;
      grid.scrollTop = view === first ? 34 * 100 + 17 : 0;
      grid.dispatchEvent(new Event("scroll"));
    }
    await drawn();
    first.all("[data-at='100'] .nbt-col-select")[0]?.click();
    await drawn();
    expect(model.get("selection")).toEqual([100]);
    expect(model.saved).toBe(1);
    expect(selected(second)).toEqual([100]);
    expect(top(first)).toBe(34 * 100 + 17);
    expect(top(second)).toBeGreaterThan(34 * 80);
  });

  it("is found where a table is sorted", async () => {
    const page = show(manyRows());
    await drawn();
    await page.click(".nbt-th.nbt-col-index button");
    page.model.change({ selection: [3] });
    await drawn();
    expect(page.one(".nbt-row-selected").textContent).toContain("text 3");
    expect(Number(page.one(".nbt-row-selected").dataset.at)).toBe(196);
    expect(page.one(".nbt-grid").scrollTop).toBeGreaterThan(34 * 180);
  });

  it("pins a token of an attention in every view, and one that is pinned in a view in the others", async () => {
    const { model, places } = views(2, { ...KINDS.attention, selection: [1] });
    await drawn(300);
    const press = async ({ all }: View, title: string) => {
      all("button")
        .find(({ textContent }) => textContent?.trim() === title)
        ?.click();
      await drawn(100);
    };
    for (const view of places) await press(view, "Lines");
    model.change({ selection: [2, 3] });
    await drawn(100);
    expect([model.get("selection"), model.saved]).toEqual([[2, 3], 0]);
    model.change({ selection: [] });
    await drawn(100);
    expect([model.get("selection"), model.saved]).toEqual([[], 0]);
  });

  it("marks the words of an explanation, whose buttons and words select their tokens", async () => {
    const { model, places } = views(2, { ...KINDS.explain });
    const [first, second] = places as [View, View];
    await drawn(100);
    const marked = ({ all }: View) =>
      all(".nbt-signed:first-child [data-selected]").map(({ textContent }) => textContent);
    model.change({ selection: [2] });
    await drawn();
    expect([marked(first), marked(second)]).toEqual([["Ungood"], ["Ungood"]]);
    first
      .all(".nbt-signed:first-child [data-unit]")
      .find(({ textContent }) => textContent === "很")
      ?.click();
    await drawn();
    expect(model.get("selection")).toEqual([2, 3]);
    second
      .all("button")
      .find(({ textContent }) => textContent === "Bars")
      ?.click();
    await drawn();
    const word = second.all(".nbt-signed-name").find(({ textContent }) => textContent === "Ungood");
    expect(word?.ariaPressed ?? word?.getAttribute("aria-pressed")).toBe("true");
    word?.click();
    await drawn();
    expect(model.get("selection")).toEqual([3]);
    expect(marked(first)).toEqual(["很"]);
    first
      .all("button")
      .find(({ textContent }) => textContent === "Clear")
      ?.click();
    await drawn();
    expect(model.get("selection")).toEqual([]);
    expect(model.saved).toBe(3);
  });
});

import { describe, expect, it } from "vitest";
import { formatCount } from "../src/text";
import { type Counted, drawMatrix, roundStep } from "../src/views/heatmap";
import { SvgPen } from "../src/views/pen";

/** The numbers beside a matrix of one colour, by their places: those of the rows, and those of the columns. */
function numbers(rows: number, columns: number, counted: Counted, zoom = 1) {
  const pen = new SvgPen("clip", (text) => ({ width: 7 * text.length }) as TextMetrics);
  const frame = { left: 40, top: 22, width: 600, height: 420 };
  const paper = {
    context: pen,
    frame,
    ratio: 1,
    x: (at: number) => frame.left + at * zoom * frame.width,
    y: (at: number) => frame.top + at * zoom * frame.height,
    colour: () => "",
  };
  const paint = { key: "", ramp: "ramp", share: () => 0 };
  drawMatrix(paper, { rows, columns, here: [], paint, counted });
  const page = new DOMParser().parseFromString(`<svg>${pen.elements}</svg>`, "image/svg+xml");
  const texts = [...page.querySelectorAll("text")];
  const of = (anchor: string) =>
    texts.filter((one) => one.getAttribute("text-anchor") === anchor).map(({ textContent }) => textContent);
  return { rows: of("end"), columns: of("middle") };
}

describe("sides that are counted off", () => {
  it("have numbers at round steps from as afar as one looks", () => {
    const { rows, columns } = numbers(2048, 384, { row: 0, column: 0 });
    expect(rows).toEqual(Array.from({ length: 21 }, (_, at) => formatCount(100 * at)));
    expect(columns.slice(0, 3)).toEqual(["0", "50", "100"]);
  });

  it("have finer ones where one looks closely, and of few places all", () => {
    expect(numbers(2048, 384, { row: 0, column: 0 }, 16).columns.slice(0, 3)).toEqual(["0", "2", "4"]);
    const few = numbers(4, 3, { row: 0, column: 0 });
    expect([few.rows, few.columns]).toEqual([
      ["0", "1", "2", "3"],
      ["0", "1", "2"],
    ]);
  });

  it("count distances from below zero, at the numbers that are round", () => {
    const { rows } = numbers(1023, 12, { row: -511, column: 0 });
    expect(rows[0]).toBe("−500");
    expect(rows).toContain("0");
    expect(rows.at(-1)).toBe("500");
  });

  it("go by 1, 2, 5, 10 and so on", () => {
    expect([0.2, 1, 1.2, 2, 3, 7, 11, 20, 49, 60].map(roundStep)).toEqual([
      1, 1, 2, 2, 5, 10, 20, 20, 50, 100,
    ]);
  });
});

import { describe, expect, it } from "vitest";
import type { MapTile } from "../src/rows/attentiontiles";
import { eachPlace } from "../src/rows/tiles";
import { formatWeight, paintOf } from "../src/views/attentionmatrix";
import { keyOf, layoutOf } from "../src/views/headgrid";
import { attentionCase } from "./goldenattention";

const [part] = attentionCase("encoder").reading.header.parts;
if (!part) throw new Error("no part");

describe("the heads", () => {
  it("stand in order by layer and head, where they have room", () => {
    const layout = layoutOf({ ...part, layers: 6, heads: 12 }, 700, true);
    expect([layout.captions, layout.columns]).toEqual([false, 12]);
    const { left, top, across, down } = layout;
    expect(layout.placeAt(left + 3.5 * across, top + 2.5 * down, 72)).toBe(27);
    expect(keyOf({ ...part, heads: 12 }, { layer: 2, head: 3 })).toBe(27);
    for (const [x, y] of [
      [left - 1, top + 1],
      [left + 12 * across + 1, top + 1],
      [left + 1, top - 1],
      [left + 1, layout.height + down],
    ] as const)
      expect(layout.placeAt(x, y, 72)).toBeNull();
  });

  it("that are too many for a line, or sorted, go on in the next one, each with its name", () => {
    for (const layout of [
      layoutOf({ ...part, layers: 80, heads: 64 }, 400, true),
      layoutOf(part, 400, false),
    ]) {
      expect(layout.captions).toBe(true);
      const { columns, across, down } = layout;
      expect(columns * across).toBeLessThanOrEqual(400);
      expect(layout.placeAt(1, down + 1, 5000)).toBe(columns);
    }
  });
});

describe("the colours of weights", () => {
  const values = Float32Array.of(0.5, 0.05, 0, 0.001);
  const tile: MapTile = {
    rows: [0, 2, 2],
    columns: [0, 2, 2],
    values,
    rowStarts: eachPlace(2),
    columnStarts: eachPlace(2),
    sampled: false,
    rowMost: Float32Array.of(0.5, 0.001),
    most: 0.5,
  };
  const shares = (scale: "linear" | "log" | "row", signed = false) =>
    Array.from(values, (value, at) => paintOf(scale, 0.5, signed).share(value, tile, Math.floor(at / 2)));

  it("go up with them, with their logarithm, or within their row", () => {
    expect(shares("linear").map((share) => share.toFixed(3))).toEqual(["1.000", "0.100", "0.000", "0.002"]);
    expect(shares("log").map((share) => share.toFixed(3))).toEqual(["1.000", "0.750", "0.000", "0.325"]);
    expect(shares("row").map((share) => share.toFixed(3))).toEqual(["1.000", "0.100", "0.000", "1.000"]);
  });

  it("of a difference go both ways from the middle", () => {
    const paint = paintOf("linear", 0.5, true);
    expect([-0.5, -0.25, 0, 0.5].map((value) => paint.share(value, tile, 0))).toEqual([0, 0.25, 0.5, 1]);
    expect(paint.ramp).toBe("diverge");
    expect(paintOf("log", 0, true).share(0, tile, 0)).toBe(0.5);
  });

  it("stand beside figures that tell small ones apart", () => {
    expect([0.123456, -0.5, 0.00012344, 0, 1, Number.NaN].map(formatWeight)).toEqual([
      "0.12346",
      "−0.50000",
      "1.234e−4",
      "0",
      "1.00000",
      "–",
    ]);
  });
});

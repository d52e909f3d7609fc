import { describe, expect, it } from "vitest";
import { Selection } from "../src/selection";

describe("a selection", () => {
  it("holds each row once, sorted", () => {
    expect(Selection.of([5, 1, 5, 3, 1]).toArray()).toEqual([1, 3, 5]);
    expect(Selection.of([10, 9, 100]).toArray()).toEqual([9, 10, 100]);
    expect(Selection.none.toArray()).toEqual([]);
  });

  it("knows its rows", () => {
    const selection = Selection.of([1, 3, 5]);
    expect([0, 1, 2, 3, 4, 5, 6].map((row) => selection.has(row))).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
    expect(Selection.none.has(0)).toBe(false);
  });

  it("does not change: another one comes of it", () => {
    const selection = Selection.of([2]);
    expect(selection.toggled(1).toArray()).toEqual([1, 2]);
    expect(selection.toggled(2).toArray()).toEqual([]);
    expect(selection.with([3, 2, 0]).toArray()).toEqual([0, 2, 3]);
    expect(selection.toArray()).toEqual([2]);
  });

  it("is quick with a million rows", () => {
    const rows = Uint32Array.from({ length: 1_000_000 }, (_, at) => at);
    const began = performance.now();
    const selection = Selection.of(rows).toggled(500_000);
    expect(selection.size).toBe(999_999);
    expect(selection.has(500_000)).toBe(false);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

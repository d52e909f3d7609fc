import { describe, expect, it } from "vitest";
import { rowTop, scrollTopFor, TALLEST_PX, windowAt } from "../src/views/window";

const small = { total: 1000, rowHeight: 34, viewport: 340 };
const huge = { total: 3_000_000, rowHeight: 34, viewport: 340 };

describe("a table that fits a browser", () => {
  it("draws what is in sight and a little around", () => {
    expect(windowAt(0, small)).toEqual({ start: 0, stop: 16, height: 34_000 });
    expect(windowAt(3400, small)).toMatchObject({ start: 94, stop: 116 });
    expect(windowAt(34_000 - 340, small)).toMatchObject({ start: 984, stop: 1000 });
  });

  it("places rows by arithmetic", () => {
    expect(rowTop(10, 999, small)).toBe(340);
  });

  it("scrolls no further than needed", () => {
    expect(scrollTopFor(5, 0, small)).toBe(0);
    expect(scrollTopFor(10, 0, small)).toBe(34);
    expect(scrollTopFor(3, 3400, small)).toBe(102);
  });

  it("has nothing to draw when there are no rows", () => {
    expect(windowAt(0, { ...small, total: 0 })).toEqual({ start: 0, stop: 0, height: 0 });
  });
});

describe("a table that does not", () => {
  const bottom = TALLEST_PX - huge.viewport;

  it("is as tall as it may be, and both its ends can be reached", () => {
    expect(windowAt(0, huge)).toMatchObject({ start: 0, height: TALLEST_PX });
    expect(windowAt(bottom, huge).stop).toBe(huge.total);
  });

  it("places the last row at the end of the viewport", () => {
    expect(rowTop(huge.total - 1, bottom, huge)).toBeCloseTo(bottom + huge.viewport - huge.rowHeight, 3);
  });

  it("reveals any row", () => {
    for (const at of [0, 17, 1_234_567, 2_999_999]) {
      const top = scrollTopFor(at, 4_000_000, huge);
      const place = rowTop(at, top, huge) - top;
      expect(place).toBeGreaterThan(-0.1);
      expect(place).toBeLessThan(huge.viewport - huge.rowHeight + 0.1);
    }
  });
});

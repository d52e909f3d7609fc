// Labels of points: where they stand, and when there is no room for one.
import { describe, expect, it } from "vitest";
import { fittedLine, placeFor } from "../src/views/labels";

const FRAME = { left: 0, top: 0, width: 300, height: 200 };

describe("a label", () => {
  it.each([
    ["stands to the right of its point", { x: 20, y: 100 }, [], { left: 30, top: 92.5 }],
    ["or to the left, where the frame ends", { x: 280, y: 100 }, [], { left: 170, top: 92.5 }],
    ["or below it, where neither side has room", { x: 60, y: 20 }, [[70, 0, 90, 28]], { left: 10, top: 30 }],
    ["and not out of the frame", { x: 20, y: 20 }, [[30, 0, 90, 28]], { left: 0, top: 30 }],
    ["or above it, at the lower edge", { x: 60, y: 190 }, [[70, 182, 90, 18]], { left: 10, top: 165 }],
    ["or nowhere", { x: 60, y: 100 }, [[0, 0, 300, 200]], undefined],
  ])("%s", (_, point, taken, place) => {
    const boxes = taken.map(([left, top, width, height]) => ({ left, top, width, height })) as never;
    const found = placeFor(point, 6, 100, FRAME, boxes);
    expect(found && { left: found.left, top: found.top }).toEqual(place);
  });

  it("is the beginning of its text, and never half of a character", () => {
    const context = { measureText: (text: string) => ({ width: text.length }) } as CanvasRenderingContext2D;
    expect(fittedLine(context, "short", 5)).toBe("short");
    expect(fittedLine(context, "not so short", 6)).toBe("not s…");
    expect(fittedLine(context, "ab🎬🎬🎬", 4)).toBe("ab…");
  });
});

import { render } from "preact";
import { describe, expect, it, vi } from "vitest";
import { type Area, eachPlace, type Tile, Tiles } from "../src/rows/tiles";
import { useHeat } from "../src/views/heat";
import { drawn, onCleanPages } from "./page";

onCleanPages();

const SHAPE = { rows: 2, columns: 2, square: true, height: 100, left: 0, top: 0 };

describe("a matrix that is looked at", () => {
  it("is drawn of a part that is at hand, also on a page that runs its effects late", async () => {
    const tiles = new Tiles<object, Tile>(
      async ({ rows, columns }: Area) => ({
        rows,
        columns,
        values: Float32Array.of(1, 2, 3, 4),
        rowStarts: eachPlace(2),
        columnStarts: eachPlace(2),
      }),
      null,
    );
    function Parts() {
      const { here } = useHeat(SHAPE, tiles, (areas) => tiles.want({}, areas));
      return <p>{here.length}</p>;
    }
    // The part is here before the page has painted for the first time.
    const frames = vi.spyOn(globalThis, "requestAnimationFrame").mockReturnValue(0);
    render(<Parts />, document.body);
    await drawn(5);
    expect(tiles.waiting).toBe(false);
    await drawn(1_000);
    expect(document.body.textContent).toBe("1");
    frames.mockRestore();
    render(null, document.body);
  });
});

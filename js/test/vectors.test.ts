import { describe, expect, it } from "vitest";
import stored from "../../tests/golden/vectors.json";
import { luminance, parseColour } from "../src/colour";
import css from "../src/plane.css?raw";
import { type NamedTile, ordered } from "../src/rows/namedtiles";
import { endsOf, levelFor, stretchesIn } from "../src/rows/tiles";
import { boxOf, nearestPoint, within } from "../src/views/lasso";
import { fitted } from "../src/views/points";
import { rampOf, STOPS, stepOf } from "../src/views/ramp";
import { moved, onPlane, revealing, WHOLE, zoomed } from "../src/views/viewport";
import { type Section, Sections } from "../src/wire/sections";
import { TextPage } from "../src/wire/texts";
import { readMap, readNamed, vectorHeader } from "../src/wire/vectors";
import { viewAt } from "./golden";

function decoded(base64: string): DataView {
  return viewAt(
    Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)),
    0,
  );
}

const none = (value: number) => (Number.isNaN(value) ? null : Math.round(value * 1e5) / 1e5);

describe.each(Object.entries(stored))(
  "golden case %s",
  (_, { header, payload_base64, rows, matrix, clusters, answers }) => {
    const payload = decoded(payload_base64);
    const read = new Sections(header.sections as Section[], payload);

    it("has its texts", () => {
      const page = TextPage.read(header.sections as Section[], payload);
      expect(page.count).toBe(rows.length);
      rows.forEach((told, at) => {
        expect(page.row(at)).toMatchObject({ ...told, text: told.text, position: at, clipped: false });
      });
      const part = page.slice(1, 4);
      for (let at = 0; at < 3; at++) expect(part.row(at)).toEqual(page.row(at + 1));
    });

    it("has its map and its matrix", () => {
      const named = vectorHeader(header);
      const map = readMap(header.first_map, read);
      expect([...map.cluster]).toEqual(clusters);
      expect(map.sizes).toEqual([2, 2]);
      expect(named.matrix === null).toBe(matrix === null);
      if (!matrix) return;
      const told = (matrix as (number | null)[]).map((value) => (value === null ? null : none(value)));
      expect([...read.float32("values")].map(none)).toEqual(told);
    });

    it("has answers that are read as they are told", () => {
      for (const { method, sections, payload_base64: encoded, told } of answers) {
        const answer = new Sections(sections as Section[], decoded(encoded));
        const { values, scores, rows: positions } = told as Record<string, (number | null)[]>;
        expect(readNamed(answer, "row").map(({ position }) => position)).toEqual(positions);
        const numbers = [...answer.float32(method === "tile" ? "values" : "score")].map(none);
        expect(numbers).toEqual(
          (values ?? scores ?? []).map((value) => (value === null ? null : none(value))),
        );
      }
    });
  },
);

it("reads no header of another kind", () => {
  expect(() => vectorHeader({ ...stored.embed.header, kind: "classify" })).toThrow(/not one of vectors/);
  expect(() => vectorHeader({ ...stored.embed.header, version: 2 })).toThrow(/another version/);
});

describe("a view of a plane", () => {
  const both = (zoom: number) => ({ x: zoom, y: zoom });

  it("keeps what is under the pointer there when it zooms", () => {
    const at = { x: 0.3, y: 0.8 };
    const near = zoomed(WHOLE, 4, at, both(100));
    expect(onPlane(near, at).x).toBeCloseTo(0.3);
    expect(onPlane(near, at).y).toBeCloseTo(0.8);
    const farther = zoomed(near, 0.5, at, both(100));
    expect(onPlane(farther, at).x).toBeCloseTo(0.3);
    expect(zoomed(farther, 0.01, at, both(100))).toEqual(WHOLE);
    expect(zoomed(WHOLE, 1e9, at, both(100)).zoom).toEqual(both(100));
  });

  it("goes as near on each side as there is something to see", () => {
    const near = zoomed(WHOLE, 50, { x: 1, y: 1 }, { x: 20, y: 1 });
    expect(near).toEqual({ zoom: { x: 20, y: 1 }, x: 0.95, y: 0 });
  });

  it("stays on the plane", () => {
    const near = zoomed(WHOLE, 2, { x: 0, y: 0 }, both(8));
    expect(moved(near, { x: 99, y: -99 })).toEqual({ zoom: both(2), x: 0.5, y: 0 });
    expect(moved(WHOLE, { x: 1, y: 1 })).toEqual(WHOLE);
  });

  it("moves no further than needed to show a place", () => {
    const view = { zoom: both(4), x: 0.25, y: 0.25 };
    const at = (x: number, y: number) => revealing(view, { x, y }, { x: x + 0.1, y: y + 0.1 });
    expect(at(0.3, 0.3)).toEqual(view);
    expect(at(0.6, 0.3).x).toBeCloseTo(0.45);
    expect(at(0.1, 0.9)).toEqual({ zoom: both(4), x: 0.1, y: 0.75 });
  });
});

describe("tiles", () => {
  it("cover what is in sight, once, with cells no smaller than a pixel", () => {
    for (const count of [1, 255, 256, 257, 5_000, 100_000]) {
      for (const zoom of [1, 3, 50]) {
        const level = levelFor(count, zoom, 460);
        const [from, to] = [0.5 - 0.5 / zoom, 0.5 + 0.5 / zoom];
        const found = stretchesIn(count, level, from, to);
        expect(found[0]?.[0]).toBeLessThanOrEqual(from * count);
        expect(found.at(-1)?.[1]).toBeGreaterThanOrEqual(Math.min(count, Math.floor(to * count)));
        found.forEach(([start, stop, cells], at) => {
          if (at > 0) expect(start).toBe(found[at - 1]?.[1]);
          expect(cells).toBe(Math.ceil((stop - start) / 2 ** level));
          expect(cells).toBeLessThanOrEqual(256);
        });
        expect(count / zoom / 2 ** level).toBeLessThanOrEqual(460);
        if (level > 0) expect(count / zoom / 2 ** (level - 1)).toBeGreaterThan(460);
      }
    }
  });

  const named = (names: string[]) => names.map((text, position) => ({ position, index: text, text }));
  const tile: NamedTile = {
    rows: [0, 2, 2],
    columns: [0, 3, 3],
    values: new Float32Array([1, 2, 3, 4, Number.NaN, 6]),
    rowStarts: Uint32Array.of(0, 1, 2),
    columnStarts: Uint32Array.of(0, 1, 2, 3),
    rowNames: named(["a", "b"]),
    columnNames: named(["x", "y", "z"]),
  };

  it("are put into another order with their names", () => {
    const other = ordered(tile, [1, 0], [2, 0, 1]);
    expect([...other.values]).toEqual([6, 4, Number.NaN, 3, 1, 2]);
    expect(other.rowNames.map(({ text }) => text)).toEqual(["b", "a"]);
    expect(other.columnNames.map(({ text }) => text)).toEqual(["z", "x", "y"]);
  });

  it("have ends that pass over what is no number", () => {
    expect(endsOf(tile)).toEqual([1, 6]);
    expect(endsOf({ ...tile, values: new Float32Array([Number.NaN]) })).toEqual([0, 1]);
  });
});

describe("a lasso", () => {
  const points = new Float32Array([0.5, 0.5, 0.1, 0.1, 0.9, 0.5, Number.NaN, Number.NaN]);

  it("holds what is within it", () => {
    expect(within(points, boxOf({ x: 0.8, y: 0.2 }, { x: 0.2, y: 0.8 }))).toEqual([0]);
    // A horseshoe around the middle, which is open to the right.
    const shoe = [
      [1, 0],
      [0, 0],
      [0, 1],
      [1, 1],
      [1, 0.9],
      [0.2, 0.9],
      [0.2, 0.2],
      [1, 0.2],
    ];
    expect(
      within(
        points,
        shoe.map(([x, y]) => ({ x: x as number, y: y as number })),
      ),
    ).toEqual([1]);
    expect(within(points, [])).toEqual([]);
  });

  it("agrees with the angles under which a line is seen", () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 16807) % 2147483647;
      return seed / 2147483647;
    };
    for (let round = 0; round < 40; round++) {
      // A star: seen from its middle, its corners come one after another.
      const line = Array.from({ length: 12 }, (_, at) => {
        const [angle, far] = [(at / 12) * 2 * Math.PI, 0.1 + 0.4 * random()];
        return { x: 0.5 + far * Math.cos(angle), y: 0.5 + far * Math.sin(angle) };
      });
      const some = Float32Array.from({ length: 80 }, random);
      const inside = new Set(within(some, line));
      for (let at = 0; at < 40; at++) {
        const [x, y] = [some[2 * at] as number, some[2 * at + 1] as number];
        let turned = 0;
        line.forEach((a, corner) => {
          const b = line[(corner + 1) % 12] as { x: number; y: number };
          const turn = Math.atan2(b.y - y, b.x - x) - Math.atan2(a.y - y, a.x - x);
          turned += ((turn + 3 * Math.PI) % (2 * Math.PI)) - Math.PI;
        });
        expect(inside.has(at)).toBe(Math.abs(turned) > Math.PI);
      }
    }
  });

  it("finds the nearest point, or none", () => {
    const far = (dx: number, dy: number) => (Math.hypot(dx, dy) < 0.2 ? Math.hypot(dx, dy) : Infinity);
    expect(nearestPoint(points, { x: 0.55, y: 0.5 }, far)).toBe(0);
    expect(nearestPoint(points, { x: 0.5, y: 0.9 }, far)).toBe(-1);
  });
});

describe("points", () => {
  it("fit into the frame without being stretched", () => {
    const placed = fitted(new Float32Array([0, 0, 2, 0, 0, 1, Number.NaN, Number.NaN]), 2);
    const [x0, y0, x1, y1, x2, y2] = placed as unknown as [number, number, number, number, number, number];
    expect((x1 - x0) * 2).toBeCloseTo(2 * (y0 - y2));
    expect(y1).toBeCloseTo(y0);
    expect(x2).toBeCloseTo(x0);
    expect(Math.min(...placed.slice(0, 6))).toBeGreaterThanOrEqual(0.03);
    expect(placed[6]).toBeNaN();
  });

  it("are in the middle where they are one", () => {
    expect([...fitted(new Float32Array([7, -3]), 1.5)]).toEqual([0.5, 0.5]);
  });
});

describe("the colours of numbers", () => {
  const [light = "", dark = ""] = [...css.matchAll(/\{[^}]*--nbt-ramp-0[^}]*\}/g)].map(([block]) => block);
  const from = (block: string) => (name: string) => new RegExp(`${name}: (#\\w+)`).exec(block)?.[1] ?? "";

  it.each([
    ["light", light, -1],
    ["dark", dark, 1],
  ])("grow steadily %s away from the page", (_, block, direction) => {
    const seen = Array.from({ length: STOPS }, (__, at) => {
      const colour = parseColour(from(block)(`--nbt-ramp-${at}`));
      return colour ? luminance(colour) : Number.NaN;
    });
    for (let at = 1; at < STOPS; at++) {
      expect(((seen[at] as number) - (seen[at - 1] as number)) * direction).toBeGreaterThan(0.02);
    }
    const { pixels, ink } = rampOf(from(block));
    expect(pixels.length).toBe(256);
    expect(new Set(ink)).toEqual(new Set(["#111", "#fff"]));
  });

  it("have a step for every number, and the ends for what is beyond", () => {
    expect([-9, 0, 0.5, 1, 9].map((value) => stepOf(value, 0, 1))).toEqual([0, 0, 128, 255, 255]);
    expect(stepOf(3, 3, 3)).toBe(255);
  });
});

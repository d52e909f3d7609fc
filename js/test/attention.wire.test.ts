import { describe, expect, it } from "vitest";
import { grouped, type MapParams, mapTiles, wholeOf } from "../src/rows/attentiontiles";
import { flowOf, rollouts } from "../src/rows/rollout";
import type { Area } from "../src/rows/tiles";
import { orderOf } from "../src/views/headgrid";
import { attentionHeader, type PartFacts, type PartName, Reading, Tokens } from "../src/wire/attention";
import { Sections } from "../src/wire/sections";
import { pack } from "./fake";
import { ATTENTION_CASES, answersOf, attentionCase } from "./goldenattention";

const rounded = (values: ArrayLike<number>) =>
  Array.from(values, (value) => (Number.isNaN(value) ? null : Number(value.toFixed(6))));
const close = (values: ArrayLike<number>, told: readonly unknown[]) => {
  const few = Array.from(values).slice(0, told.length);
  expect(few.length).toBe(told.length);
  few.forEach((value, at) => {
    expect(value).toBeCloseTo(told[at] as number, 5);
  });
};
const partOf = (reading: Reading, name: string) =>
  reading.header.parts.find(({ part }) => part === name) as PartFacts;

describe.each(ATTENTION_CASES)("the case %s", (name) => {
  const { reading, told } = attentionCase(name);

  it("has the tokens that came, and knows how many there are", () => {
    for (const side of reading.sides) {
      const expected = told.tokens[side.name as keyof typeof told.tokens] as unknown as [
        string,
        string,
        number,
      ][];
      expect(side.count).toBe(reading.header.sides[side.name]?.tokens);
      expect(side.known).toBe(reading.header.sides[side.name]?.here);
      expected.slice(0, side.known).forEach(([piece, text, flags], at) => {
        const token = side.at(at);
        expect([token?.piece, token?.text]).toEqual([piece, text]);
        expect([token?.special, token?.continues, token?.second]).toEqual(
          [1, 2, 4].map((bit) => (flags & bit) > 0),
        );
        if (token?.special) expect(token.word).toBe(-1);
      });
    }
  });

  it("has each head's weights where they all came", () => {
    for (const part of reading.header.parts) {
      const expected = (told.weights as Partial<Record<PartName, number[]>>)[part.part];
      expect(reading.isWhole(part)).toBe(expected !== undefined);
      if (!expected) continue;
      const first = reading.weights(part, 0, 0) as Float32Array;
      expect(first.length).toBe(part.queries * part.keys);
      close(first, expected.slice(0, first.length));
      const last = reading.weights(part, part.layers - 1, part.heads - 1) as Float32Array;
      if (!reading.header.signed)
        for (let query = 0; query < part.queries; query++) {
          const row = last.subarray(query * part.keys, (query + 1) * part.keys);
          expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
        }
    }
  });

  it("has a picture and measures of every head", () => {
    for (const part of reading.header.parts) {
      const thumb = reading.thumb(part, part.layers - 1, part.heads - 1);
      expect(thumb.length).toBe(part.thumb[0] * part.thumb[1]);
      if (!reading.header.signed) expect(Math.max(...thumb)).toBe(255);
      expect(reading.greatest(part, 0, 0)).toBeGreaterThanOrEqual(0);
      const [first] = [reading.measure(part, "first", 0, 0)];
      expect(Number.isFinite(first)).toBe(true);
    }
  });

  it("reads the tiles that the kernel answers, and makes the same ones by itself", async () => {
    for (const { method, params, result, payload, told: values } of answersOf(name)) {
      if (method !== "tile") continue;
      const ask = async () => ({ result: result as never, read: new Sections(result.sections, payload) });
      const [area, rest] = [
        { rows: params.rows, columns: params.columns } as Area,
        { part: params.part, layer: params.layer, head: params.head, pooling: params.pooling } as MapParams,
      ];
      const asked = mapTiles(remote(reading), ask, () => [[], []]);
      const came = new Promise<void>((resolve) => {
        asked.changed = resolve;
      });
      expect(asked.want(rest, [area])).toEqual([]);
      await came;
      const [tile] = asked.want(rest, [area]);
      close(tile?.values ?? [], values);
      expect(tile?.sampled).toBe(result.sampled);
      const part = partOf(reading, rest.part);
      if (!result.exact || !reading.isWhole(part)) continue;
      const each = (count: number) => Array.from({ length: count }, (_, at) => ({ start: at, stop: at + 1 }));
      const local = mapTiles(reading, ask, () => [each(part.queries), each(part.keys)]);
      expect(rounded(local.want(rest, [area])[0]?.values ?? [])).toEqual(rounded(tile?.values ?? []));
    }
  });

  it("makes the same flow of a token by itself as the kernel", () => {
    for (const { method, params, result, payload } of answersOf(name)) {
      if (method !== "flow") continue;
      const part = partOf(reading, String(params.part));
      const share = new Sections(result.sections, payload).float32("share");
      if (!reading.isWhole(part)) continue;
      const flow = flowOf(reading, part, Number(params.token), params.direction as "from");
      expect(Array.from(flow).length).toBe(share.length);
      flow.forEach((value, at) => {
        expect(value).toBeCloseTo(share[at] as number, 5);
      });
    }
  });
});

/** The same reading without its weights. */
function remote(reading: Reading): Reading {
  return Object.create(reading, { isWhole: { value: () => false }, header: { value: reading.header } });
}

describe("tokens", () => {
  it("go on where the header's end", () => {
    const { reading } = attentionCase("long");
    const side = reading.queries(partOf(reading, "self"));
    const [{ result, payload }] = answersOf("long").filter(({ method }) => method === "tokens") as [
      ReturnType<typeof answersOf>[number],
    ];
    const all = new Tokens("queries", 105);
    all.add(new Sections(result.sections, payload));
    expect(all.known).toBe(105);
    expect(all.at(5)?.piece).toBe(side.count > 500 ? "t0" : "");
    expect(all.at(105)).toBeUndefined();
  });
});

describe("words", () => {
  const places = [
    { start: 0, stop: 2 },
    { start: 2, stop: 3 },
  ];

  it("get the sum of what their tokens get, and give the mean of what they give", () => {
    const weights = Float32Array.of(0.5, 0.25, 0.25, 0, 0.5, 0.5, 1, 0, 0);
    expect([...grouped(weights, 3, places, places)]).toEqual([0.625, 0.375, 1, 0]);
  });

  it("that are left out are in no row and no column", () => {
    const weights = Float32Array.of(0.5, 0.25, 0.25, 0, 0.5, 0.5, 1, 0, 0);
    expect([...grouped(weights, 3, places.slice(1), places.slice(1))]).toEqual([0]);
  });
});

describe("a closer look", () => {
  const { reading } = attentionCase("long");
  const part = partOf(reading, "self");

  it("at one layer takes the place of what came with the header, of that layer alone", () => {
    const [measures, cells] = [reading.header.measures.length, part.thumb[0] * part.thumb[1]];
    const before = reading.measure(part, "entropy", 0, 1);
    expect(reading.sampled(part, 1)).toBe(256);
    const { sections, payload } = pack([
      ["self_measures", Float32Array.from({ length: measures * 2 }, (_, at) => at), [measures, 1, 2]],
      ["self_thumbs", new Uint8Array(2 * cells).fill(7), [1, 2, ...part.thumb]],
      ["self_thumb_max", Float32Array.of(0.25, 0.5), [1, 2]],
    ]);
    const facts = { layers: [1, 2] as [number, number], thumb: part.thumb, sampled: null };
    reading.refine(part, facts, new Sections(sections, payload));
    expect(reading.measure(part, "distance", 1, 0)).toBe(2);
    expect(reading.measure(part, "entropy", 0, 1)).toBe(before);
    expect([...new Set(reading.thumb(part, 1, 1))]).toEqual([7]);
    expect(reading.greatest(part, 1, 1)).toBe(0.5);
    expect([reading.sampled(part, 0), reading.sampled(part, 1)]).toEqual([256, null]);
  });

  it("orders the heads by a measure, those without one last", () => {
    const order = orderOf(reading, part, "distance");
    const values = order.map((key) => reading.measure(part, "distance", Math.floor(key / 2), key % 2));
    expect(values).toEqual([...values].sort((a, b) => b - a));
    expect(orderOf(reading, part, null)).toEqual([0, 1, 2, 3]);
    expect(orderOf(reading, part, "none such")).toEqual([0, 1, 2, 3]);
  });
});

describe("rollout", () => {
  it("shares every token out whole", () => {
    const { reading } = attentionCase("encoder");
    const part = partOf(reading, "self");
    for (const mixed of rollouts(reading, part)) {
      for (let token = 0; token < part.queries; token++) {
        const row = mixed.subarray(token * part.keys, (token + 1) * part.keys);
        expect(row.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
      }
    }
    expect(wholeOf(reading, part, { layer: "rollout", head: "mean" }).length).toBe(part.queries ** 2);
  });
});

describe("a header", () => {
  const { header } = attentionCase("encoder");

  it("of another version, or of another kind, is not read", () => {
    expect(() => attentionHeader({ ...header, version: 9 })).toThrow(/another version/);
    expect(() => attentionHeader({ ...header, kind: "similar" })).toThrow(/not one of attention/);
  });

  it("whose sections are missing is incomplete", () => {
    expect(() => new Reading(attentionHeader(header), new Sections([], null))).toThrow(/incomplete/);
  });
});

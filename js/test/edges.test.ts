import { describe, expect, it } from "vitest";
import {
  edgesOf,
  fromAfar,
  nameOf,
  placeOf,
  placesOf,
  type Side,
  sharesAround,
  strengths,
  strongest,
  textOf,
} from "../src/views/edges";
import { askEdges, askRows, blocksOf, heaviest, meanRow, type Rows, weightsOf } from "../src/views/weights";
import type { PartFacts } from "../src/wire/attention";
import { Sections } from "../src/wire/sections";
import { type NamedArray, pack } from "./fake";

type Given = [piece: string, text: string, word: number, start: number, second?: boolean];

/** `[CLS] Unbelievable cats [SEP] 猫 [SEP]`, the first word in three pieces. */
const PAIR: Given[] = [
  ["[CLS]", "[CLS]", -1, 0],
  ["un", "Un", 0, 0],
  ["##belie", "belie", 0, 2],
  ["##vable", "vable", 0, 7],
  ["cats", "cats", 1, 13],
  ["[SEP]", "[SEP]", -1, 0],
  ["猫", "猫", 2, 0, true],
  ["[SEP]", "[SEP]", -1, 0],
];

function sideOf(given: readonly Given[], known = given.length): Side {
  const tokens = given.map(([piece, text, word, start, second = false], position) => ({
    position,
    piece,
    text,
    word,
    start,
    stop: start + [...text].length,
    special: word < 0,
    continues: piece.startsWith("##"),
    second,
  }));
  return { count: given.length, at: (token) => (token < known ? tokens[token] : undefined) };
}

const ALL = { hideSpecial: false, words: false, text: "both" } as const;
const starts = (shown: Parameters<typeof placesOf>[1], side = sideOf(PAIR)) =>
  placesOf(side, shown).map(({ start, stop }) => [start, stop]);

describe("the places of a column", () => {
  it.each([
    ["tokens", ALL, [0, 1, 2, 3, 4, 5, 6, 7].map((at) => [at, at + 1])],
    ["no special tokens", { ...ALL, hideSpecial: true }, [1, 2, 3, 4, 6].map((at) => [at, at + 1])],
    [
      "the second text",
      { ...ALL, text: "second" },
      [
        [6, 7],
        [7, 8],
      ],
    ],
    [
      "words",
      { ...ALL, words: true },
      [
        [0, 1],
        [1, 4],
        [4, 5],
        [5, 6],
        [6, 7],
        [7, 8],
      ],
    ],
    [
      "words of the first text",
      { hideSpecial: true, words: true, text: "first" },
      [
        [1, 4],
        [4, 5],
      ],
    ],
  ] as const)("are those of %s", (_, shown, found) => {
    expect(starts(shown)).toEqual(found);
  });

  it("keep tokens that are not here yet, each alone", () => {
    expect(starts({ hideSpecial: true, words: true, text: "first" }, sideOf(PAIR, 2))).toEqual([
      [1, 2],
      ...[2, 3, 4, 5, 6, 7].map((at) => [at, at + 1]),
    ]);
    expect(textOf(sideOf(PAIR, 2), { start: 2, stop: 3 })).toBe("…");
  });

  it("are found by their tokens", () => {
    const places = placesOf(sideOf(PAIR), { hideSpecial: true, words: true, text: "both" });
    expect([0, 1, 3, 4, 5, 6, 7, 99].map((token) => placeOf(places, token))).toEqual([
      -1, 0, 0, 1, -1, 2, -1, -1,
    ]);
    expect(placeOf(places, 1, 1, 3)).toBe(-1);
    expect(placeOf([], 0)).toBe(-1);
  });

  it("have their text once, also where two tokens share a character", () => {
    expect(textOf(sideOf(PAIR), { start: 1, stop: 4 })).toBe("Unbelievable");
    expect(nameOf(sideOf(PAIR), { start: 1, stop: 4 })).toBe("un ##belie ##vable · tokens 1–3");
    expect(nameOf(sideOf(PAIR), { start: 4, stop: 5 })).toBe("cats · token 4");
    const bytes = sideOf([
      ["ð", "🦊", 0, 0],
      ["Ł", "🦊", 0, 0],
      ["s", "s", 0, 1],
    ]);
    expect(textOf(bytes, { start: 0, stop: 3 })).toBe("🦊s");
  });
});

describe("lines", () => {
  const words = placesOf(sideOf(PAIR), { hideSpecial: true, words: true, text: "both" });
  const every = placesOf(sideOf(PAIR), ALL);
  const size = PAIR.length;
  const weight = (head: number, query: number, key: number) => ((head + 2) * (query * 31 + key * 7 + 3)) % 11;
  const rows = (queries: number[]): Rows => ({
    heads: [0, 3],
    queries,
    keys: size,
    weights: Float32Array.from(
      [0, 3].flatMap((head) => queries.flatMap((query) => every.map((_, key) => weight(head, query, key)))),
    ),
  });
  const all = rows(every.map((_, at) => at));

  it("to a word are the sum over its tokens, from a word the mean", () => {
    const sight = { queries: words, keys: words, from: [0, 3], to: [0, 3] } as const;
    const edges = edgesOf(weightsOf(all, [0, size]), sight);
    expect(edges).toHaveLength(2 * 3 * 3);
    for (const edge of edges) {
      const [from, to] = [words[edge.from], words[edge.to]];
      let sum = 0;
      for (let query = from?.start ?? 0; query < (from?.stop ?? 0); query++)
        for (let key = to?.start ?? 0; key < (to?.stop ?? 0); key++) sum += weight(edge.head, query, key);
      expect(edge.weight).toBeCloseTo(sum / ((from?.stop ?? 0) - (from?.start ?? 0)), 12);
    }
  });

  it("are those of the places in sight", () => {
    const sight = { queries: every, keys: every, from: [2, 4], to: [5, 8] } as const;
    const edges = edgesOf(weightsOf(all, [0, size]), sight);
    expect(new Set(edges.map(({ from }) => from))).toEqual(new Set([2, 3]));
    expect(new Set(edges.map(({ to }) => to))).toEqual(new Set([5, 6, 7]));
    expect(edges).toHaveLength(2 * 2 * 3);
  });

  it("are drawn strongest last, and by no more than there is room for", () => {
    const edges = [0.2, -0.9, 0, 0.5].map((weight, to) => ({ head: 0, from: 0, to, weight }));
    expect(strongest(edges, 2).map(({ weight }) => weight)).toEqual([0.5, -0.9]);
    expect(strongest(edges, 9)).toHaveLength(3);
  });

  it("are as strong as their weight is beside the strongest", () => {
    const edges = [
      { head: 0, from: 0, to: 0, weight: 0.8 },
      { head: 0, from: 0, to: 1, weight: 0.08 },
      { head: 0, from: 1, to: 1, weight: -0.2 },
      { head: 1, from: 1, to: 1, weight: 0.0001 },
    ];
    const close = (scale: Parameters<typeof strengths>[1]) =>
      strengths(edges, scale).map((strength) => Number(strength.toFixed(4)));
    expect(close("linear")).toEqual([1, 0.1, 0.25, 0.0001]);
    expect(close("row")).toEqual([1, 0.1, 1, 1]);
    expect(close("log")).toEqual([1, 0.6667, 0.7993, 0]);
    expect(strengths([], "linear")).toEqual([]);
  });

  it("say how much is out of sight", () => {
    const row = [0.1, 0.2, 0.3, 0.05, 0.15, 0, 0.2, 0];
    const { above, within, below } = sharesAround(row, every, 1, 3);
    expect([above, within, below].map((share) => share.toFixed(3))).toEqual(["0.100", "0.500", "0.400"]);
    expect(sharesAround(row, words, 0, 3).within).toBeCloseTo(0.9);
  });

  it("are seen from afar by the heaviest of each stretch", () => {
    expect(fromAfar([0.1, 0.2, 0.3, 0, 0, 0, 0.9, 0], every, 4)).toEqual([0.2, 0.3, 0, 0.9]);
    expect(fromAfar([0.5], every.slice(0, 1), 100)).toEqual([0.5]);
  });

  it("of a query are listed heaviest first, each head's by itself", () => {
    const some = rows([1, 2, 3]);
    const listed = heaviest(some, words, 4);
    const told = [0, 3].flatMap((head) =>
      words.map(({ start, stop }, to) => {
        let sum = 0;
        for (const query of [1, 2, 3])
          for (let key = start; key < stop; key++) sum += weight(head, query, key) / 3;
        return { head, to, weight: sum };
      }),
    );
    told.sort((one, other) => other.weight - one.weight);
    expect(listed.map(({ weight }) => weight.toFixed(6))).toEqual(
      told.slice(0, 4).map(({ weight }) => weight.toFixed(6)),
    );
    const mean = meanRow(some);
    expect(mean[4]).toBeCloseTo(
      [0, 3].flatMap((head) => [1, 2, 3].map((query) => weight(head, query, 4))).reduce((a, b) => a + b) / 6,
      5,
    );
  });
});

describe("what the kernel is asked", () => {
  const part: PartFacts = {
    part: "self",
    layers: 2,
    heads: 20,
    queries: 100,
    keys: 70,
    query_side: "queries",
    key_side: "queries",
    causal: false,
    thumb: [6, 6],
    sampled: null,
  };
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
  const signal = new AbortController().signal;
  const answering = (answer: (params: Record<string, unknown>) => NamedArray[]) => {
    const asked: [string, Record<string, unknown>][] = [];
    const ask = async (method: string, params: object) => {
      asked.push([method, params as Record<string, unknown>]);
      const { sections, payload } = pack(answer(params as Record<string, unknown>));
      return { result: { sections } as never, read: new Sections(sections, payload) };
    };
    return { asked, ask };
  };

  it("is whole blocks, so that to scroll a little asks nothing", () => {
    const places = range(0, 100).map((start) => ({ start, stop: start + 1 }));
    expect(blocksOf(places, 3, 25, 100)).toEqual([0, 32]);
    expect(blocksOf(places, 4, 26, 100)).toEqual([0, 32]);
    expect(blocksOf(places, 30, 60, 100)).toEqual([0, 64]);
    expect(blocksOf(places, 90, 200, 100)).toEqual([64, 100]);
    expect(blocksOf([], 0, 0, 100)).toEqual([0, 0]);
  });

  it("is a query's rows in as many parts as it takes at once", async () => {
    const value = (head: number, query: number, key: number) => head * 10_000 + query * 100 + key;
    const { asked, ask } = answering(({ heads, queries }) => {
      const values = (heads as number[]).flatMap((head) =>
        (queries as number[]).flatMap((query) => range(0, 70).map((key) => value(head, query, key))),
      );
      return [["weights", Float32Array.from(values), [values.length]]];
    });
    const rows = await askRows(ask, { part, layer: 1, heads: range(0, 20) }, range(7, 13), signal);
    expect(asked.map(([, { heads, queries }]) => [(heads as []).length, (queries as []).length])).toEqual([
      [16, 4],
      [16, 2],
      [4, 4],
      [4, 2],
    ]);
    for (const [head, query, key] of [
      [0, 7, 0],
      [15, 12, 69],
      [19, 9, 33],
    ] as const) {
      expect(rows.weights[(head * 6 + query - 7) * 70 + key]).toBe(value(head, query, key));
    }
  });

  it("is the strongest weights of a stretch", async () => {
    const { asked, ask } = answering(() => [
      ["head", Uint16Array.of(2), [1]],
      ["query", Uint32Array.of(40), [1]],
      ["key", Uint32Array.of(3), [1]],
      ["weight", Float32Array.of(0.5), [1]],
    ]);
    const where = { part, layer: 1, heads: [2] };
    const { head, query, key, weight } = await askEdges(ask, where, [32, 64], [0, 32], 9, signal);
    expect([head[0], query[0], key[0], weight[0]]).toEqual([2, 40, 3, 0.5]);
    const params = { part: "self", layer: 1, heads: [2], rows: [32, 64], columns: [0, 32], most: 9 };
    expect(asked).toEqual([["edges", params]]);
    const ofWords = await askEdges(ask, { ...where, words: true }, [32, 64], [0, 32], 9, signal);
    expect(asked.at(-1)).toEqual(["edges", { ...params, words: true }]);
    // The mean over the tokens of the word is taken already.
    const [queries, keys] = [[{ start: 40, stop: 43 }], [{ start: 3, stop: 5 }]];
    const sight = { queries, keys, from: [0, 1], to: [0, 1] } as const;
    expect(edgesOf(ofWords, sight)).toEqual([{ head: 2, from: 0, to: 0, weight: 0.5 }]);
  });
});

describe("lines of a difference", () => {
  // Token 1 of the queries and token 2 of the keys have no partner in the other text.
  const none = Number.NaN;
  const rows: Rows = {
    heads: [0],
    queries: [0, 1],
    keys: 4,
    weights: Float32Array.of(0.25, -0.5, none, 0, none, none, none, none),
  };
  const each = [0, 1, 2, 3].map((start) => ({ start, stop: start + 1 }));
  const sight = { queries: each.slice(0, 2), keys: each, from: [0, 2], to: [0, 4] } as const;

  it("are none where a token has no partner, so that the others are drawn as strong as they are", () => {
    const drawn = strongest(edgesOf(weightsOf(rows, [0, 4]), sight), 400);
    expect(drawn.map(({ from, to, weight }) => [from, to, weight])).toEqual([
      [0, 0, 0.25],
      [0, 1, -0.5],
    ]);
    expect(strengths(drawn, "linear")).toEqual([0.5, 1]);
  });

  it("of a word with such a token are none: what it differs by is not known", () => {
    const words = [
      { start: 0, stop: 2 },
      { start: 2, stop: 4 },
    ];
    const alone = { queries: each.slice(0, 1), keys: words, from: [0, 1], to: [0, 2] } as const;
    expect(edgesOf(weightsOf(rows, [0, 4]), alone)).toEqual([{ head: 0, from: 0, to: 0, weight: -0.25 }]);
  });

  it("are listed and summed up from those that there are", () => {
    const first = { ...rows, queries: [0], weights: rows.weights.subarray(0, 4) };
    expect(heaviest(first, each, 9)).toEqual([
      { head: 0, to: 1, weight: -0.5 },
      { head: 0, to: 0, weight: 0.25 },
    ]);
    const mean = meanRow(rows);
    expect([...mean]).toEqual([0.25, -0.5, none, 0]);
    expect(fromAfar(mean, each, 4)).toEqual([0.25, 0.5, 0, 0]);
    expect(sharesAround(mean, each, 1, 4)).toEqual({ above: 0.25, within: 0.5, below: 0 });
  });
});

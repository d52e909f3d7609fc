// Attention that is made by arithmetic, at any length, and a kernel that answers what its panel asks.
import type { AttentionHeader, PartFacts } from "../src/wire/attention";
import { type FakeModel, type NamedArray, pack, type Sent, stringTable } from "./fake";

/** A token: its piece, what a reader sees of it, and its flags: 1 special, 2 goes on with a word, 4 of the second text. */
export type FakeToken = readonly [piece: string, text: string, flags: number];

export interface FakeAttention {
  tokens: readonly FakeToken[];
  layers: number;
  heads: number;
  causal?: boolean;
  /** Up to so many weights travel with the header. */
  whole?: number;
  header?: Partial<AttentionHeader>;
}

const SPECIAL = 1;
const CONTINUES = 2;
const SIDE = 24;
const MEASURES = ["entropy", "distance", "special", "previous", "next", "first", "induction"];

type Stretch = [start: number, stop: number, cells: number];

/** The weights of one query. */
function rowOf({ tokens, causal, heads }: FakeAttention, layer: number, head: number, query: number) {
  const count = tokens.length;
  const row = new Float32Array(count);
  const last = causal ? query + 1 : count;
  const kind = (layer * heads + head * 3) % 6;
  let sum = 0;
  for (let key = 0; key < last; key++) {
    const away = Math.abs(query - key);
    let score = 0.4 * Math.sin(key * 1.3 + query * 0.7 + layer + head);
    if (kind === 0) score += key === query - 1 ? 5 : 0;
    else if (kind === 1) score -= away / (2 + head);
    else if (kind === 2) score += key === 0 || (tokens[key]?.[2] ?? 0) & SPECIAL ? 4 : 0;
    else if (kind === 3) score += away % (5 + layer) === 0 ? 3 : 0;
    else if (kind === 4) score += tokens[key]?.[0] === tokens[query]?.[0] ? 4 : 0;
    row[key] = Math.exp(score);
    sum += row[key] as number;
  }
  return row.map((weight) => weight / sum);
}

export function fakeAttention(fake: FakeAttention) {
  const { tokens, layers, heads, causal = false, whole = 20_000 } = fake;
  const count = tokens.length;
  const cells = Math.min(SIDE, count);
  const taken = count > 512 ? 32 : count;
  const here = Math.min(count, 1_000);
  const thumbs = new Uint8Array(layers * heads * cells * cells);
  const most = new Float32Array(layers * heads);
  const measures = new Float32Array(MEASURES.length * layers * heads).fill(Number.NaN);
  for (let key = 0; key < layers * heads; key++) {
    const [layer, head] = [Math.floor(key / heads), key % heads];
    const picture = new Float32Array(cells * cells);
    let [entropy, distance, special, first] = [0, 0, 0, 0];
    for (let one = 0; one < taken; one++) {
      const query = Math.floor((one * count) / taken);
      rowOf(fake, layer, head, query).forEach((weight, at) => {
        const cell = Math.floor((query * cells) / count) * cells + Math.floor((at * cells) / count);
        picture[cell] = Math.max(picture[cell] ?? 0, weight);
        if (weight > 0) entropy -= weight * Math.log(weight);
        distance += weight * Math.abs(query - at);
        if ((tokens[at]?.[2] ?? 0) & SPECIAL) special += weight;
        if (at === 0) first += weight;
      });
    }
    most[key] = Math.max(...picture);
    thumbs.set(
      picture.map((weight) => Math.round(255 * Math.sqrt(weight / (most[key] || 1)))),
      key * cells * cells,
    );
    [entropy, distance, special, Number.NaN, Number.NaN, first].forEach((value, measure) => {
      measures[measure * layers * heads + key] = value / taken;
    });
  }
  const part: PartFacts = {
    part: "self",
    layers,
    heads,
    queries: count,
    keys: count,
    query_side: "queries",
    key_side: "queries",
    causal,
    thumb: [cells, cells],
    sampled: taken < count ? taken : null,
  };
  const isWhole = layers * heads * count * count <= whole;
  const columns: NamedArray[] = [
    ...sideOf(fake, 0, here),
    ["self_measures", measures, [MEASURES.length, layers, heads]],
    ["self_thumbs", thumbs, [layers, heads, cells, cells]],
    ["self_thumb_max", most, [layers, heads]],
  ];
  if (isWhole) {
    const all = new Float32Array(layers * heads * count * count);
    for (let row = 0; row < layers * heads * count; row++) {
      const key = Math.floor(row / count);
      all.set(rowOf(fake, Math.floor(key / heads), key % heads, row % count), row * count);
    }
    columns.push(["self_weights", all, [layers, heads, count, count]]);
  }
  const { sections, payload } = pack(columns);
  const header = {
    version: 1,
    kind: "attention",
    title: "a-model",
    subtitle: `${count.toLocaleString("en-US")} tokens · ${layers} layers × ${heads} heads · 0.4 s`,
    rows: count,
    inline: isWhole,
    parts: [part],
    part: "self",
    sides: { queries: { tokens: count, here } },
    measures: MEASURES,
    pair: false,
    text: tokens.map(([, text]) => text).join(""),
    pair_text: null,
    target_text: null,
    clipped: false,
    signed: false,
    has_steps: true,
    can: ["ablate", "edit", "against", "code"],
    depth: 0,
    facts: [["Model", "a-model"]],
    notes: [],
    sections,
    ...fake.header,
  };
  return { kind: "attention", header, payload };
}

function sideOf({ tokens }: FakeAttention, start: number, stop: number): NamedArray[] {
  const some = tokens.slice(start, stop);
  let [word, at] = [-1, 0];
  const places = tokens.map(([, text, flags]) => {
    if (!(flags & SPECIAL) && !(flags & CONTINUES)) word += 1;
    const from = at;
    if (!(flags & SPECIAL)) at += [...text].length;
    return { word: flags & SPECIAL ? -1 : word, from, to: at };
  });
  const cut = places.slice(start, stop);
  const count = [some.length];
  return [
    ["queries_ids", Int32Array.from(some, (_, number) => start + number), count],
    ...stringTable(
      "queries_pieces",
      some.map(([piece]) => piece),
    ),
    ...stringTable(
      "queries_text",
      some.map(([, text]) => text),
    ),
    ["queries_flags", Uint8Array.from(some, ([, , flags]) => flags), count],
    ["queries_words", Int32Array.from(cut, ({ word }) => word), count],
    ["queries_start", Uint32Array.from(cut, ({ from }) => from), count],
    ["queries_stop", Uint32Array.from(cut, ({ to }) => to), count],
  ];
}

/** Answers requests the way Python does. */
export class FakeAttentionKernel {
  readonly #model: FakeModel;
  readonly #fake: FakeAttention;

  constructor(model: FakeModel, fake: FakeAttention) {
    this.#model = model;
    this.#fake = fake;
  }

  answer({ type, id, method, params = {} }: Sent): void {
    if (type !== "request") return;
    const answer = this.#answers[method ?? ""];
    if (!answer) {
      this.#model.receive({ type: "reply", id, ok: false, error: `There is no method ${method}.` });
      return;
    }
    const { columns, ...facts } = answer(params);
    const { sections, payload } = pack(columns ?? []);
    this.#model.receive({ type: "reply", id, ok: true, result: { ...facts, sections } }, [payload]);
  }

  readonly #answers: Record<
    string,
    (params: Record<string, unknown>) => { columns?: NamedArray[] } & Record<string, unknown>
  > = {
    tile: (params) => this.#tile(params),
    tokens: ({ start, stop }) => ({
      start,
      columns: sideOf(this.#fake, Number(start), Math.min(Number(stop), Number(start) + 2_000)),
    }),
    rows: ({ layer, heads, queries }) => {
      const count = this.#fake.tokens.length;
      const [some, few] = [heads as number[], queries as number[]];
      const weights = new Float32Array(some.length * few.length * count);
      some.forEach((head, h) => {
        few.forEach((query, q) => {
          weights.set(rowOf(this.#fake, Number(layer), head, query), (h * few.length + q) * count);
        });
      });
      return { columns: [["weights", weights, [some.length, few.length, count]]] };
    },
    edges: ({ layer, heads, rows, columns, most, words }) => {
      const [[top, bottom], [left, right]] = [rows, columns] as [[number, number], [number, number]];
      const found: [head: number, query: number, key: number, weight: number][] = [];
      for (const head of heads as number[]) {
        for (let query = top; query < bottom; query++) {
          const row = rowOf(this.#fake, Number(layer), head, query);
          for (let key = left; key < right; key++)
            if (row[key]) found.push([head, query, key, row[key] as number]);
        }
      }
      const some = (words ? this.#byWords(found) : found).sort((a, b) => b[3] - a[3]).slice(0, Number(most));
      const size = [some.length];
      return {
        sampled: false,
        columns: [
          ["head", Uint16Array.from(some, ([head]) => head), size],
          ["query", Uint32Array.from(some, ([, query]) => query), size],
          ["key", Uint32Array.from(some, ([, , key]) => key), size],
          ["weight", Float32Array.from(some, ([, , , weight]) => weight), size],
        ],
      };
    },
    flow: ({ token, direction }) => {
      const { layers, tokens } = this.#fake;
      const share = Float32Array.from({ length: layers * tokens.length }, (_, at) => {
        const away = Math.abs((at % tokens.length) - Number(token));
        return Math.exp((-away * (direction === "to" ? 1 : 2)) / (1 + Math.floor(at / tokens.length)));
      });
      const starts = Uint32Array.from({ length: tokens.length + 1 }, (_, at) => at);
      return {
        sampled: false,
        columns: [
          ["share", share, [layers, tokens.length]],
          ["starts", starts, [starts.length]],
        ],
      };
    },
    ablate: () => ({
      what: "next token",
      labels: [" Paris", " the", "电影", " قطة"],
      before: [0.61, 0.2, 0.05, 0.001],
      after: [0.31, 0.33, 0.02, 0.004],
      change: 0.037,
    }),
    edit: () => ({}),
    against: () => ({}),
    back: () => ({}),
    code: () => ({ code: "import torch\n\ntext = '<b>电影</b>'\n" }),
    export: ({ what }) => ({
      name: `a-model.${what}`,
      folder: "/home/you/notebooks",
      size: "1.2 kB",
      notes: [],
    }),
  };

  /** Of whole words, each told by its first token: to a word goes the sum, from a word the mean. */
  #byWords(weights: [head: number, query: number, key: number, weight: number][]) {
    const { tokens } = this.#fake;
    const starts: number[] = [];
    tokens.forEach(([, , flags], at) => {
      starts.push(flags & CONTINUES ? (starts[at - 1] ?? at) : at);
    });
    const words = new Map<string, [head: number, query: number, key: number, weight: number]>();
    for (const [head, query, key, weight] of weights) {
      const [from, to] = [starts[query] as number, starts[key] as number];
      const sum = words.get(`${head} ${from} ${to}`)?.[3] ?? 0;
      const size = starts.filter((start) => start === from).length;
      words.set(`${head} ${from} ${to}`, [head, from, to, sum + weight / size]);
    }
    return [...words.values()];
  }

  #tile(params: Record<string, unknown>) {
    const { heads, tokens } = this.#fake;
    const { layer, head, pooling } = params;
    const [rows, columns] = [params.rows as Stretch, params.columns as Stretch];
    const [down, across] = [cutsOf(rows), cutsOf(columns)];
    const [height, width] = [down.length - 1, across.length - 1];
    const values = new Float32Array(height * width);
    const size = (down[1] ?? 0) - (down[0] ?? 0);
    const few = Math.min(size, params.quick ? 1 : 4);
    for (let row = 0; row < height; row++) {
      for (let one = 0; one < few; one++) {
        const query = Math.floor((down[row] ?? 0) + (one * size) / few);
        const all = Array.from({ length: head === "mean" || layer === "rollout" ? heads : 1 }, (_, number) =>
          rowOf(
            this.#fake,
            Number(layer) || 0,
            head === "mean" || layer === "rollout" ? number : Number(head),
            query,
          ),
        );
        for (let column = 0; column < width; column++) {
          let [sum, most] = [0, 0];
          for (let key = across[column] as number; key < (across[column + 1] as number); key++) {
            const weight = all.reduce((total, weights) => total + (weights[key] ?? 0), 0) / all.length;
            sum += weight;
            most = Math.max(most, weight);
          }
          const at = row * width + column;
          const mean = sum / ((across[column + 1] as number) - (across[column] as number)) / few;
          values[at] = pooling === "mean" ? (values[at] ?? 0) + mean : Math.max(values[at] ?? 0, most);
        }
      }
    }
    return {
      exact: height === rows[1] - rows[0] && width === columns[1] - columns[0],
      sampled: few < size && tokens.length > 0,
      columns: [
        ["values", values, [height, width]],
        ["row_starts", down, [height + 1]],
        ["column_starts", across, [width + 1]],
      ] as NamedArray[],
    };
  }
}

function cutsOf([start, stop, cells]: Stretch): Uint32Array {
  const count = Math.min(cells, stop - start);
  return Uint32Array.from(
    { length: count + 1 },
    (_, at) => start + Math.round(((stop - start) * at) / count),
  );
}

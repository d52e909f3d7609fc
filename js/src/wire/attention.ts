// An attention result on the wire: the tokens of each side, and of each part what the grid shows of its heads.
import { checkHeader, type Header, type Sections, WireError } from "./sections";

/** Which attention: of a text to itself, of a decoder to the encoder's text, of the encoder's text to itself. */
export type PartName = "self" | "cross" | "encoder";

export type SideName = "queries" | "encoded";

export interface PartFacts {
  part: PartName;
  layers: number;
  /** Of the layers that have most. */
  heads: number;
  queries: number;
  keys: number;
  query_side: SideName;
  key_side: SideName;
  /** No token attends to what comes after it. */
  causal: boolean;
  /** Rows and columns of cells of a thumbnail. */
  thumb: [rows: number, columns: number];
  /** Of how many queries the measures and thumbnails in the header were taken; null for all. */
  sampled: number | null;
}

export interface AttentionHeader extends Header {
  kind: "attention";
  parts: PartFacts[];
  /** Which of them is looked at first. */
  part: PartName;
  /** How many tokens a side has, and how many of them came with the header. */
  sides: Partial<Record<SideName, { tokens: number; here: number }>>;
  /** The names of what is measured of each head, in the order of the section. */
  measures: string[];
  pair: boolean;
  text: string | null;
  pair_text: string | null;
  target_text: string | null;
  /** The texts are only the beginnings of longer ones. */
  clipped: boolean;
  /** The difference of two: weights go from -1 to 1. */
  signed: boolean;
  has_steps: boolean;
  /** What the kernel can do with the model. */
  can: string[];
  /** How many results this one took the place of. */
  depth: number;
}

export interface Token {
  position: number;
  /** As the tokenizer writes it. */
  piece: string;
  /** As the text has it; for a special token, its name. */
  text: string;
  special: boolean;
  /** Not the first piece of its word. */
  continues: boolean;
  /** Of the second text of a pair. */
  second: boolean;
  /** The number of its word, rising over both texts of a pair; -1 for a special token. */
  word: number;
  /** Where it stands in its text, in code points. */
  start: number;
  stop: number;
}

const SPECIAL = 1;
const CONTINUES = 2;
const SECOND = 4;

/** The tokens of a side: the first came with the header, the rest is added when it comes. */
export class Tokens {
  readonly name: SideName;
  /** How many there are. */
  readonly count: number;
  readonly #here: Token[] = [];

  constructor(name: SideName, count: number) {
    this.name = name;
    this.count = count;
  }

  /** How many are here. */
  get known(): number {
    return this.#here.length;
  }

  at(position: number): Token | undefined {
    return this.#here[position];
  }

  /** Tokens that follow those that are here. */
  add(read: Sections): void {
    const { name } = this;
    const [pieces, texts] = [read.strings(`${name}_pieces`), read.strings(`${name}_text`)];
    const [flags, words] = [read.uint8(`${name}_flags`), read.int32(`${name}_words`)];
    const [starts, stops] = [read.uint32(`${name}_start`), read.uint32(`${name}_stop`)];
    flags.forEach((bits, at) => {
      this.#here.push({
        position: this.#here.length,
        piece: pieces.at(at),
        text: texts.at(at),
        special: (bits & SPECIAL) > 0,
        continues: (bits & CONTINUES) > 0,
        second: (bits & SECOND) > 0,
        word: words[at] ?? -1,
        start: starts[at] ?? 0,
        stop: stops[at] ?? 0,
      });
    });
  }
}

/** What a closer look at some layers answers. */
export interface Refined {
  layers: [start: number, stop: number];
  thumb: [rows: number, columns: number];
  sampled: number | null;
}

/** What a part's grid is drawn from. */
interface Overview {
  /** `[measure, layer, head]`. */
  measures: Float32Array;
  /** `[layer, head, row, column]`, each head by its own greatest weight. */
  thumbs: Uint8Array;
  /** `[layer, head]`. */
  thumbMax: Float32Array;
  /** Of each layer, from how many queries it was taken; null for all. */
  sampled: (number | null)[];
  /** Layers that were looked at more closely since. */
  refined: Set<number>;
}

/** A result as it is read: what came with its header, and what is added to it. */
export class Reading {
  readonly header: AttentionHeader;
  readonly #read: Sections;
  readonly #sides = new Map<SideName, Tokens>();
  readonly #overviews = new Map<PartName, Overview>();
  constructor(header: AttentionHeader, read: Sections) {
    this.header = header;
    this.#read = read;
    for (const [key, { tokens: count }] of Object.entries(header.sides)) {
      const tokens = new Tokens(key as SideName, count);
      tokens.add(read);
      this.#sides.set(tokens.name, tokens);
    }
    for (const { part, layers, sampled } of header.parts) {
      this.#overviews.set(part, {
        // What is refined is written over: the payload stays as it came.
        measures: read.float32(`${part}_measures`).slice(),
        thumbs: read.uint8(`${part}_thumbs`).slice(),
        thumbMax: read.float32(`${part}_thumb_max`).slice(),
        sampled: new Array(layers).fill(sampled),
        refined: new Set(),
      });
    }
  }

  get sides(): Tokens[] {
    return [...this.#sides.values()];
  }

  /** The tokens that attend. */
  queries({ query_side }: PartFacts): Tokens {
    return this.#side(query_side);
  }

  /** The tokens that are attended to. */
  keys({ key_side }: PartFacts): Tokens {
    return this.#side(key_side);
  }

  /** The weights `[query, key]` of a head where they all came with the header; else null. */
  weights({ part, heads, queries, keys }: PartFacts, layer: number, head: number): Float32Array | null {
    if (!this.#read.has(`${part}_weights`)) return null;
    const from = (layer * heads + head) * queries * keys;
    return this.#read.float32(`${part}_weights`).subarray(from, from + queries * keys);
  }

  /** Whether every weight is here. */
  isWhole({ part }: PartFacts): boolean {
    return this.#read.has(`${part}_weights`);
  }

  measure({ part, layers, heads }: PartFacts, name: string, layer: number, head: number): number {
    const number = this.header.measures.indexOf(name);
    return this.#overview(part).measures[(number * layers + layer) * heads + head] ?? Number.NaN;
  }

  /** How many heads a layer has: nothing is measured of those that are not there. */
  headsOf(part: PartFacts, layer: number): number {
    let heads = part.heads;
    while (heads > 0 && Number.isNaN(this.measure(part, "first", layer, heads - 1))) heads -= 1;
    // Where nothing is measured of any, that tells nothing.
    return heads === 0 ? part.heads : heads;
  }

  /** The thumbnail `[row, column]` of a head, square roots from 0 to 255; of a difference 128 is none. */
  thumb({ part, heads, thumb }: PartFacts, layer: number, head: number): Uint8Array {
    const size = thumb[0] * thumb[1];
    const from = (layer * heads + head) * size;
    return this.#overview(part).thumbs.subarray(from, from + size);
  }

  /** The greatest weight of a head, as far as its thumbnail shows. */
  greatest({ part, heads }: PartFacts, layer: number, head: number): number {
    return this.#overview(part).thumbMax[layer * heads + head] ?? Number.NaN;
  }

  /** Of how many queries a layer's measures and thumbnails were taken; null for all. */
  sampled({ part }: PartFacts, layer: number): number | null {
    return this.#overview(part).sampled[layer] ?? null;
  }

  /** Whether a layer was looked at more closely already. */
  isRefined({ part }: PartFacts, layer: number): boolean {
    return this.#overview(part).refined.has(layer);
  }

  /** Put what a closer look at some layers told in the place of what came with the header. */
  refine({ part, layers, heads, thumb }: PartFacts, facts: Refined, read: Sections): void {
    const overview = this.#overview(part);
    const [start, stop] = facts.layers;
    const [measures, width] = [read.float32(`${part}_measures`), (stop - start) * heads];
    for (let number = 0; number < this.header.measures.length; number++) {
      const from = measures.subarray(number * width, (number + 1) * width);
      overview.measures.set(from, (number * layers + start) * heads);
    }
    overview.sampled.fill(facts.sampled, start, stop);
    for (let layer = start; layer < stop; layer++) overview.refined.add(layer);
    if (facts.thumb[0] !== thumb[0] || facts.thumb[1] !== thumb[1]) return;
    overview.thumbs.set(read.uint8(`${part}_thumbs`), start * heads * thumb[0] * thumb[1]);
    overview.thumbMax.set(read.float32(`${part}_thumb_max`), start * heads);
  }

  #side(name: SideName): Tokens {
    const side = this.#sides.get(name);
    if (!side) throw new WireError(`The result arrived incomplete: it has no tokens "${name}".`);
    return side;
  }

  #overview(part: PartName): Overview {
    const found = this.#overviews.get(part);
    if (!found) throw new WireError(`The result has no part "${part}".`);
    return found;
  }
}

export function attentionHeader(header: Record<string, unknown>): AttentionHeader {
  return checkHeader(header, ["attention"], ["parts", "measures"], "attention");
}

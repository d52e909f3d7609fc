// Encodings of positions on the wire: a header, and pictures that are sampled at even steps where they are large.
import type { Tile } from "../rows/tiles";
import { checkHeader, type Header, type Sections } from "./sections";

export type Picture = "value" | "cos" | "sin" | "angle" | "bias";

export interface EncodingFacts {
  /** Which one, where a model has several. */
  name: string;
  form: "sinusoidal" | "learned" | "rotary" | "relative";
  told: string;
  /** Where the model has it. */
  source: string;
  formula: string[];
  row: "position" | "distance";
  column: "dimension" | "pair" | "head";
  rows: number;
  columns: number;
  /** What the first row is of. */
  first: number;
  /** How many positions are compared with each other. */
  side: number;
  pictures: Picture[];
  /** Of each picture, the size of a number that the end of the colours stands for. */
  most: number[];
  /** Of rows and of columns; 1 where all are here. */
  step: [number, number];
  alike_step: number;
  /** Columns that are drawn as curves first. */
  curves: number[];
  curve_step: number;
}

export interface PositionsHeader extends Header {
  kind: "positions";
  encodings: EncodingFacts[];
}

export function positionsHeader(header: Record<string, unknown>): PositionsHeader {
  return checkHeader(header, ["positions"], ["encodings"], "positions");
}

/** A line of numbers, and what each is of. */
export interface Line {
  at: ArrayLike<number>;
  values: Float32Array;
}

/** One encoding, as far as it is here. */
export class Encoding {
  readonly #prefix: string;
  readonly #read: Sections;

  constructor(
    readonly number: number,
    readonly facts: EncodingFacts,
    read: Sections,
  ) {
    this.#prefix = `${number}_`;
    this.#read = read;
  }

  get isWhole(): boolean {
    return this.facts.step[0] === 1 && this.facts.step[1] === 1;
  }

  /** A picture, at the steps that came. */
  picture(name: Picture): Tile {
    const { rows, columns, step } = this.facts;
    const [rowStarts, columnStarts] = [starts(rows, step[0]), starts(columns, step[1])];
    const values = name === "angle" ? this.#angles(rowStarts, columnStarts) : this.#float32(name);
    return tileOf(rowStarts, columnStarts, values);
  }

  /** Each position with each: how alike they are, or what a head adds; null where too little of it is here. */
  alike(head: number): Tile | null {
    const { side, alike_step, form } = this.facts;
    const places = starts(side, alike_step);
    if (form !== "relative") return tileOf(places, places, this.#float32("alike"));
    if (!this.isWhole) return null;
    const { rows, columns } = this.facts;
    const bias = this.#float32("bias");
    const cells = places.length - 1;
    const values = new Float32Array(cells * cells);
    for (let query = 0; query < cells; query++) {
      for (let key = 0; key < cells; key++) {
        // The row of distance 0 is the last but side.
        const row = (places[key] as number) - (places[query] as number) + side - 1;
        values[query * cells + key] = row < rows ? (bias[row * columns + head] ?? Number.NaN) : Number.NaN;
      }
    }
    return tileOf(places, places, values);
  }

  /** How alike positions are by how far apart they are; null of what heads add, which its curves show. */
  get byDistance(): Line | null {
    if (this.facts.form === "relative") return null;
    return { at: this.#read.int32(`${this.#prefix}distance`), values: this.#float32("by_distance") };
  }

  /** A column of a picture; null where the kernel is to be asked. */
  curve(picture: Picture, column: number): Line | null {
    const { columns, curves, curve_step: step, pictures } = this.facts;
    const at = this.#places;
    if (picture === "angle") {
      const frequency = this.#float32("frequencies")[column] ?? 0;
      return { at, values: Float32Array.from(at, (position) => position * frequency) };
    }
    if (this.isWhole) {
      const values = this.#float32(picture);
      return { at, values: Float32Array.from(at, (_, row) => values[row * step * columns + column] ?? 0) };
    }
    const known = curves.indexOf(column);
    if (picture !== pictures[0] || known < 0) return null;
    return { at, values: this.#float32("curves").subarray(known * at.length, (known + 1) * at.length) };
  }

  /** The answer to the question for curves, as lines. */
  lines(values: Float32Array): Line[] {
    const at = this.#places;
    return Array.from({ length: values.length / at.length }, (_, line) => ({
      at,
      values: values.subarray(line * at.length, (line + 1) * at.length),
    }));
  }

  frequency(pair: number): number {
    return this.#float32("frequencies")[pair] ?? 0;
  }

  /** The positions that a curve has. */
  get #places(): number[] {
    const { first, rows, curve_step: step } = this.facts;
    return Array.from({ length: Math.ceil(rows / step) }, (_, number) => first + number * step);
  }

  #angles(rows: Uint32Array, columns: Uint32Array): Float32Array {
    const frequencies = this.#float32("frequencies");
    const width = columns.length - 1;
    const values = new Float32Array((rows.length - 1) * width);
    for (let at = 0; at < values.length; at++) {
      const position = this.facts.first + (rows[Math.floor(at / width)] as number);
      values[at] = position * (frequencies[columns[at % width] as number] as number);
    }
    return values;
  }

  #float32(name: string): Float32Array {
    return this.#read.float32(this.#prefix + name);
  }
}

/** Where the cells of a side begin, and where the last ends. */
function starts(count: number, step: number): Uint32Array {
  const cells = Math.ceil(count / step);
  return Uint32Array.from({ length: cells + 1 }, (_, at) => Math.min(count, at * step));
}

function tileOf(rowStarts: Uint32Array, columnStarts: Uint32Array, values: Float32Array): Tile {
  const stretch = (places: Uint32Array) => [0, places.at(-1) ?? 0, places.length - 1] as const;
  return { rows: stretch(rowStarts), columns: stretch(columnStarts), values, rowStarts, columnStarts };
}

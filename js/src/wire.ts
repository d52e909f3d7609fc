// The wire, version 1: a JSON header and one buffer of binary sections.

export const WIRE_VERSION = 1;

export type Problem = "single_label" | "multi_label" | "regression";

export interface Section {
  name: string;
  dtype: string;
  shape: number[];
  offset: number;
  nbytes: number;
}

export interface LabelTotals {
  counts: number[];
  without_score: number;
}

/** `counts` are of a histogram: one more edge than counts. */
export interface RegressionTotals extends LabelTotals {
  edges: number[];
  mean: number | null;
  min: number | null;
  max: number | null;
}

export interface ClassifyHeader {
  version: number;
  kind: "classify";
  title: string;
  subtitle: string;
  problem: Problem;
  labels: string[];
  /** All rows of the result; the payload holds them all only when `inline`. */
  rows: number;
  inline: boolean;
  threshold: number;
  top_k: number | null;
  totals: LabelTotals | RegressionTotals;
  facts: [string, string][];
  notes: string[];
  sections: Section[];
}

/** What arrived is not what this page can read; the message is meant for the user. */
export class WireError extends Error {
  override name = "WireError";
}

const FLAG_CLIPPED = 1;
const FLAG_CUT = 2;

/** One input text and what the model said of it. */
export interface Row {
  /** The row's number in the input, from 0. */
  position: number;
  /** Its index label, as the user's DataFrame names it. */
  index: string;
  text: string;
  /** `text` is only the beginning: the kernel holds the whole. */
  clipped: boolean;
  /** The model read only the beginning of the text. */
  cut: boolean;
  /** Why there is no score. */
  reason: string | null;
  /** One score a label; NaN where there is none. */
  scores: Float32Array;
  /** The label with the highest score, -1 where there is none. */
  best: number;
}

/** A string table: UTF-8 bytes and where each string begins. Strings are decoded when first asked for. */
export class Strings {
  readonly #offsets: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #decoded: (string | undefined)[];

  constructor(offsets: Uint32Array, bytes: Uint8Array) {
    this.#offsets = offsets;
    this.#bytes = bytes;
    this.#decoded = new Array(Math.max(0, offsets.length - 1));
  }

  get length(): number {
    return this.#decoded.length;
  }

  slice(start: number, stop: number): Strings {
    return new Strings(this.#offsets.subarray(start, stop + 1), this.#bytes);
  }

  at(number: number): string {
    const known = this.#decoded[number];
    if (known !== undefined) return known;
    const slice = this.#bytes.subarray(this.#offsets[number], this.#offsets[number + 1]);
    const text = decoder.decode(slice);
    this.#decoded[number] = text;
    return text;
  }
}

// A byte-order mark inside a text is part of the text.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The columns of some rows: `scores` is [row, label], `width` labels wide. */
interface Columns {
  position: Uint32Array;
  scores: Float32Array;
  width: number;
  reason: Uint8Array;
  flags: Uint8Array;
  texts: Strings;
  index: Strings;
  reasons: Strings;
}

/** Rows and their scores, as they stand in one buffer. */
export class Page {
  readonly count: number;
  /** Scores a row. */
  readonly width: number;
  readonly position: Uint32Array;
  readonly #columns: Columns;

  static read(sections: readonly Section[], payload: DataView | null): Page {
    const read = new Sections(sections, payload);
    return new Page({
      position: read.uint32("position"),
      scores: read.float32("scores"),
      width: read.shape("scores")[1] ?? 1,
      reason: read.uint8("reason"),
      flags: read.uint8("flags"),
      texts: read.strings("texts"),
      index: read.strings("index"),
      reasons: read.strings("reasons"),
    });
  }

  private constructor(columns: Columns) {
    const { position, scores, width, reason, flags, texts, index } = columns;
    this.count = position.length;
    this.width = width;
    this.position = position;
    this.#columns = columns;
    const counts = [reason.length, flags.length, texts.length, index.length];
    if (counts.some((count) => count !== this.count) || scores.length !== this.count * width) {
      throw new WireError("The result arrived incomplete: its columns differ in length.");
    }
  }

  /** The rows [start, stop), on the same memory. */
  slice(start: number, stop: number): Page {
    const { position, scores, width, reason, flags, texts, index, reasons } = this.#columns;
    return new Page({
      position: position.subarray(start, stop),
      scores: scores.subarray(start * width, stop * width),
      width,
      reason: reason.subarray(start, stop),
      flags: flags.subarray(start, stop),
      texts: texts.slice(start, stop),
      index: index.slice(start, stop),
      reasons,
    });
  }

  text(at: number): string {
    return this.#columns.texts.at(at);
  }

  index(at: number): string {
    return this.#columns.index.at(at);
  }

  score(at: number, label: number): number {
    return this.#columns.scores[at * this.width + label] ?? Number.NaN;
  }

  /** The first label with the highest score, -1 for a row without one. */
  best(at: number): number {
    let best = -1;
    let high = Number.NEGATIVE_INFINITY;
    for (let label = 0; label < this.width; label++) {
      const score = this.score(at, label);
      if (score > high || (best < 0 && score === high)) {
        best = label;
        high = score;
      }
    }
    return best;
  }

  row(at: number): Row {
    const { scores, reasons } = this.#columns;
    const flags = this.#columns.flags[at] ?? 0;
    const reason = this.#columns.reason[at] ?? 0;
    return {
      position: this.position[at] ?? 0,
      index: this.index(at),
      text: this.text(at),
      clipped: (flags & FLAG_CLIPPED) !== 0,
      cut: (flags & FLAG_CUT) !== 0,
      reason: reason > 0 ? reasons.at(reason - 1) : null,
      scores: scores.subarray(at * this.width, (at + 1) * this.width),
      best: this.best(at),
    };
  }
}

/** Check that a header is one that this page can read, and name its type. */
export function classifyHeader(header: Record<string, unknown>): ClassifyHeader {
  if (header.version !== WIRE_VERSION) {
    throw new WireError("This result was made by another version of nbtransformers: run the cell again.");
  }
  if (header.kind !== "classify" || !Array.isArray(header.labels) || !Array.isArray(header.sections)) {
    throw new WireError("The result's header is not one of a classification.");
  }
  return header as unknown as ClassifyHeader;
}

/** Typed views of a buffer's sections, by name. */
class Sections {
  readonly #byName: Map<string, Section>;
  readonly #payload: DataView;

  constructor(sections: readonly Section[], payload: DataView | null) {
    this.#byName = new Map(sections.map((section) => [section.name, section]));
    this.#payload = payload ?? new DataView(new ArrayBuffer(0));
  }

  shape(name: string): number[] {
    return this.#find(name).shape;
  }

  float32(name: string): Float32Array {
    const bytes = this.#bytes(name, "float32");
    return new Float32Array(aligned(bytes, 4), alignedOffset(bytes, 4), bytes.byteLength / 4);
  }

  uint32(name: string): Uint32Array {
    const bytes = this.#bytes(name, "uint32");
    return new Uint32Array(aligned(bytes, 4), alignedOffset(bytes, 4), bytes.byteLength / 4);
  }

  uint8(name: string): Uint8Array {
    return this.#bytes(name, "uint8");
  }

  strings(name: string): Strings {
    return new Strings(this.uint32(`${name}_offsets`), this.uint8(`${name}_bytes`));
  }

  #find(name: string): Section {
    const section = this.#byName.get(name);
    if (!section) throw new WireError(`The result arrived incomplete: it has no section "${name}".`);
    return section;
  }

  #bytes(name: string, dtype: string): Uint8Array {
    const section = this.#find(name);
    if (section.dtype !== dtype) {
      throw new WireError(`Section "${name}" is ${section.dtype}, not ${dtype}.`);
    }
    const { buffer, byteOffset, byteLength } = this.#payload;
    if (section.offset + section.nbytes > byteLength) {
      throw new WireError(`The result arrived incomplete: section "${name}" ends beyond its buffer.`);
    }
    return new Uint8Array(buffer as ArrayBuffer, byteOffset + section.offset, section.nbytes);
  }
}

/** The bytes' own buffer where a typed array may stand on it, else a copy: a received view begins anywhere. */
function aligned(bytes: Uint8Array, size: number): ArrayBuffer {
  return (bytes.byteOffset % size === 0 ? bytes.buffer : bytes.slice().buffer) as ArrayBuffer;
}

function alignedOffset(bytes: Uint8Array, size: number): number {
  return bytes.byteOffset % size === 0 ? bytes.byteOffset : 0;
}

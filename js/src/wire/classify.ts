// A classification on the wire.
import {
  checkLengths,
  checkVersion,
  type Header,
  type Page,
  type Section,
  Sections,
  type Strings,
  WireError,
} from "./sections";

export type Problem = "single_label" | "multi_label" | "regression";

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

export interface ClassifyHeader extends Header {
  kind: "classify";
  problem: Problem;
  labels: string[];
  threshold: number;
  top_k: number | null;
  totals: LabelTotals | RegressionTotals;
  /** Rows that are done, while the work goes on. */
  done?: number;
}

const FLAG_CLIPPED = 1;
const FLAG_CUT = 2;
const FLAG_PENDING = 4;

/** One input text and what the model said of it. */
export interface ClassifyRow {
  /** The row's number in the input, from 0. */
  position: number;
  /** Its index label, as the user's DataFrame names it. */
  index: string;
  text: string;
  /** `text` is only the beginning: the kernel holds the whole. */
  clipped: boolean;
  /** The model read only the beginning of the text. */
  cut: boolean;
  /** The work goes on, and has not come to this row. */
  pending: boolean;
  /** Why there is no score. */
  reason: string | null;
  /** One score a label; NaN where there is none. */
  scores: Float32Array;
  /** The label with the highest score, -1 where there is none. */
  best: number;
}

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
export class ClassifyPage implements Page<ClassifyRow> {
  readonly count: number;
  /** Scores a row. */
  readonly width: number;
  readonly position: Uint32Array;
  readonly #columns: Columns;

  static read(sections: readonly Section[], payload: DataView | null): ClassifyPage {
    const read = new Sections(sections, payload);
    return new ClassifyPage({
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
    checkLengths(this.count, [reason.length, flags.length, texts.length, index.length]);
    checkLengths(this.count * width, [scores.length]);
  }

  slice(start: number, stop: number): ClassifyPage {
    const { position, scores, width, reason, flags, texts, index, reasons } = this.#columns;
    return new ClassifyPage({
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

  row(at: number): ClassifyRow {
    const { scores, reasons } = this.#columns;
    const flags = this.#columns.flags[at] ?? 0;
    const reason = this.#columns.reason[at] ?? 0;
    return {
      position: this.position[at] ?? 0,
      index: this.index(at),
      text: this.text(at),
      clipped: (flags & FLAG_CLIPPED) !== 0,
      cut: (flags & FLAG_CUT) !== 0,
      pending: (flags & FLAG_PENDING) !== 0,
      reason: reason > 0 ? reasons.at(reason - 1) : null,
      scores: scores.subarray(at * this.width, (at + 1) * this.width),
      best: this.best(at),
    };
  }
}

/** Check that a header is one that this page can read, and name its type. */
export function classifyHeader(header: Record<string, unknown>): ClassifyHeader {
  checkVersion(header);
  if (header.kind !== "classify" || !Array.isArray(header.labels) || !Array.isArray(header.sections)) {
    throw new WireError("The result's header is not one of a classification.");
  }
  return header as unknown as ClassifyHeader;
}

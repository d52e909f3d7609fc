// A classification on the wire.
import { checkHeader, checkLengths, type Header, type Section, Sections } from "./sections";
import { RowPage, TextPage, type TextRow } from "./texts";

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

/** One input text and what the model said of it. */
export interface ClassifyRow extends TextRow {
  /** One score a label; NaN where there is none. */
  scores: Float32Array;
  /** The label with the highest score, -1 where there is none. */
  best: number;
}

/** Rows and their scores, as they stand in one buffer. */
export class ClassifyPage extends RowPage<ClassifyRow> {
  /** Scores a row. */
  readonly width: number;
  /** [row, label] */
  readonly #scores: Float32Array;

  static read(sections: readonly Section[], payload: DataView | null): ClassifyPage {
    const read = new Sections(sections, payload);
    return new ClassifyPage(TextPage.of(read), read.float32("scores"), read.shape("scores")[1] ?? 1);
  }

  private constructor(rows: TextPage, scores: Float32Array, width: number) {
    super(rows);
    this.width = width;
    this.#scores = scores;
    checkLengths(this.count * width, [scores.length]);
  }

  slice(start: number, stop: number): ClassifyPage {
    const { width } = this;
    const scores = this.#scores.subarray(start * width, stop * width);
    return new ClassifyPage(this.rows.slice(start, stop), scores, width);
  }

  score(at: number, label: number): number {
    return this.#scores[at * this.width + label] ?? Number.NaN;
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

  protected make(at: number): ClassifyRow {
    return {
      ...this.rows.row(at),
      scores: this.#scores.subarray(at * this.width, (at + 1) * this.width),
      best: this.best(at),
    };
  }
}

export function classifyHeader(header: Record<string, unknown>): ClassifyHeader {
  return checkHeader(header, ["classify"], ["labels", "sections"], "a classification");
}

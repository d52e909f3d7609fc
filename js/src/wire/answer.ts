// Answers on the wire: questions, their contexts, and spans of these.
import { checkHeader, checkLengths, type Header, type Section, Sections, type Strings } from "./sections";
import { RowPage, TextPage, type TextRow } from "./texts";

export interface AnswerHeader extends Header {
  kind: "answer";
  /** The one question of all rows, which are then named by their contexts. */
  question: string | null;
  /** Rows with an answer, and rows without. */
  totals: { counts: number[]; without_score: number };
  done?: number;
}

/** A span of the context; `text` is empty for no answer, `start` -1 for what does not stand in it. */
export interface Answer {
  text: string;
  start: number;
  end: number;
  score: number;
}

/** A stretch of a context: it begins at code point `start` of `length`. */
export interface Excerpt {
  text: string;
  start: number;
  length: number;
}

export interface AnswerRow extends TextRow {
  question: string;
  context: Excerpt;
  /** The best first. */
  answers: Answer[];
  /** The score of there being no answer; NaN where the model says none. */
  none: number;
}

interface Columns {
  questions: Strings;
  /** One a row, or one alone that all rows share. */
  contexts: Strings;
  contextStart: Uint32Array;
  contextLength: Uint32Array;
  none: Float32Array;
  /** Where the answers of each row begin, and one more. */
  found: Uint32Array;
  start: Int32Array;
  end: Int32Array;
  score: Float32Array;
  answers: Strings;
}

export class AnswerPage extends RowPage<AnswerRow> {
  readonly #columns: Columns;

  static read(sections: readonly Section[], payload: DataView | null): AnswerPage {
    const read = new Sections(sections, payload);
    return new AnswerPage(TextPage.of(read), {
      questions: read.strings("questions"),
      contexts: read.strings("contexts"),
      contextStart: read.uint32("context_start"),
      contextLength: read.uint32("context_length"),
      none: read.float32("none"),
      found: read.uint32("found"),
      start: read.int32("start"),
      end: read.int32("end"),
      score: read.float32("score"),
      answers: read.strings("answers"),
    });
  }

  private constructor(rows: TextPage, columns: Columns) {
    super(rows);
    const { questions, contexts, contextStart, contextLength, none, found, score, answers } = columns;
    this.#columns = columns;
    const shared = contexts.length === 1 ? this.count : contexts.length;
    checkLengths(this.count, [
      questions.length,
      shared,
      contextStart.length,
      contextLength.length,
      none.length,
    ]);
    checkLengths(this.count + 1, [found.length]);
    checkLengths(score.length, [columns.start.length, columns.end.length, answers.length]);
  }

  slice(start: number, stop: number): AnswerPage {
    const { questions, contexts, contextStart, contextLength, none, found } = this.#columns;
    return new AnswerPage(this.rows.slice(start, stop), {
      ...this.#columns,
      questions: questions.slice(start, stop),
      contexts: contexts.length === 1 ? contexts : contexts.slice(start, stop),
      contextStart: contextStart.subarray(start, stop),
      contextLength: contextLength.subarray(start, stop),
      none: none.subarray(start, stop),
      found: found.subarray(start, stop + 1),
    });
  }

  /** The best answer of a row; undefined for a row that was not answered. */
  best(at: number): Answer | undefined {
    const place = this.#columns.found[at] ?? 0;
    return place < (this.#columns.found[at + 1] ?? 0) ? this.#answer(place) : undefined;
  }

  protected make(at: number): AnswerRow {
    const { questions, contexts, contextStart, contextLength, none, found } = this.#columns;
    const [first, last] = [found[at] ?? 0, found[at + 1] ?? 0];
    return {
      ...this.rows.row(at),
      question: questions.at(at),
      context: {
        text: contexts.at(contexts.length === 1 ? 0 : at),
        start: contextStart[at] ?? 0,
        length: contextLength[at] ?? 0,
      },
      answers: Array.from({ length: last - first }, (_, rank) => this.#answer(first + rank)),
      none: none[at] ?? Number.NaN,
    };
  }

  #answer(place: number): Answer {
    const { start, end, score, answers } = this.#columns;
    return {
      text: answers.at(place),
      start: start[place] ?? -1,
      end: end[place] ?? -1,
      score: score[place] ?? Number.NaN,
    };
  }
}

export function answerHeader(header: Record<string, unknown>): AnswerHeader {
  return checkHeader(header, ["answer"], ["sections"], "answers");
}

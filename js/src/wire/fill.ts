// Filled masks on the wire: texts, and for each of their masks the likeliest tokens.
import { checkHeader, checkLengths, type Header, type Section, Sections, type Strings } from "./sections";
import { RowPage, TextPage, type TextRow } from "./texts";

export interface FillHeader extends Header {
  kind: "fill";
}

/** Where a mask stands in its text, in code points, and its fillings, the likeliest first. */
export interface Mask {
  start: number;
  end: number;
  fillings: { word: string; probability: number }[];
}

export interface FillRow extends TextRow {
  /** The text with the likeliest filling of every mask. */
  filled: string;
  masks: Mask[];
}

interface Columns {
  filled: Strings;
  /** Where the masks of each row begin, and one more. */
  masks: Uint32Array;
  start: Uint32Array;
  end: Uint32Array;
  word: Uint32Array;
  words: Strings;
  probability: Float32Array;
  ranks: number;
}

export class FillPage extends RowPage<FillRow> {
  readonly #columns: Columns;

  static read(sections: readonly Section[], payload: DataView | null): FillPage {
    const read = new Sections(sections, payload);
    return new FillPage(TextPage.of(read), {
      filled: read.strings("filled"),
      masks: read.uint32("masks"),
      start: read.uint32("start"),
      end: read.uint32("end"),
      word: read.uint32("word"),
      words: read.strings("words"),
      probability: read.float32("probability"),
      ranks: read.shape("word")[1] ?? 0,
    });
  }

  private constructor(rows: TextPage, columns: Columns) {
    super(rows);
    const { filled, masks, start, end, word, probability, ranks } = columns;
    this.#columns = columns;
    checkLengths(this.count, [filled.length, masks.length - 1]);
    checkLengths(start.length, [end.length]);
    checkLengths(start.length * ranks, [word.length, probability.length]);
  }

  slice(start: number, stop: number): FillPage {
    const { filled, masks } = this.#columns;
    return new FillPage(this.rows.slice(start, stop), {
      ...this.#columns,
      filled: filled.slice(start, stop),
      masks: masks.subarray(start, stop + 1),
    });
  }

  /** The probability of the likeliest filling of the first mask; NaN for a row without one. */
  score(at: number): number {
    const { masks, probability, ranks } = this.#columns;
    const first = masks[at] ?? 0;
    return first < (masks[at + 1] ?? 0) ? (probability[first * ranks] ?? Number.NaN) : Number.NaN;
  }

  protected make(at: number): FillRow {
    const { filled, masks } = this.#columns;
    const [first, last] = [masks[at] ?? 0, masks[at + 1] ?? 0];
    return {
      ...this.rows.row(at),
      filled: filled.at(at),
      masks: Array.from({ length: last - first }, (_, mask) => this.#mask(first + mask)),
    };
  }

  #mask(place: number): Mask {
    const { start, end, word, words, probability, ranks } = this.#columns;
    return {
      start: start[place] ?? 0,
      end: end[place] ?? 0,
      fillings: Array.from({ length: ranks }, (_, rank) => ({
        word: words.at(word[place * ranks + rank] ?? 0),
        probability: probability[place * ranks + rank] ?? Number.NaN,
      })),
    };
  }
}

export function fillHeader(header: Record<string, unknown>): FillHeader {
  return checkHeader(header, ["fill"], ["sections"], "filled masks");
}

// Generated texts on the wire: prompts, and what was written for each, token by token.
import { checkHeader, checkLengths, type Header, type Section, Sections, type Strings } from "./sections";
import { RowPage, TextPage, type TextRow } from "./texts";

export interface GenerateHeader extends Header {
  kind: "generate";
  task: string;
  /** Why a text ended, in words; a row has the number of one, the first is for a text that has no end yet. */
  endings: string[];
  /** Whether the kernel can go on from another token. */
  branches: boolean;
  /** How many branches lie between this result and the first. */
  depth: number;
}

/** One prompt, which is its text, and what was written for it. */
export interface GenerateRow extends TextRow {
  /** The text that each token adds, as far as they came along. */
  pieces: Strings;
  /** How likely the model held each of them. */
  probabilities: Float32Array;
  /** All tokens. */
  tokens: number;
  /** The mean probability of all tokens, NaN where there are none. */
  mean: number;
  /** Its number among the header's endings. */
  ending: number;
}

interface Columns {
  tokens: Uint32Array;
  mean: Float32Array;
  ending: Uint8Array;
  /** Where the tokens of each row begin, and one more. */
  begins: Uint32Array;
  pieces: Strings;
  probabilities: Float32Array;
}

export class GeneratePage extends RowPage<GenerateRow> {
  readonly #columns: Columns;

  static read(sections: readonly Section[], payload: DataView | null): GeneratePage {
    const read = new Sections(sections, payload);
    return new GeneratePage(TextPage.of(read), {
      tokens: read.uint32("tokens"),
      mean: read.float32("mean"),
      ending: read.uint8("ending"),
      begins: read.uint32("rows"),
      pieces: read.strings("pieces"),
      probabilities: read.float32("probabilities"),
    });
  }

  private constructor(rows: TextPage, columns: Columns) {
    super(rows);
    const { tokens, mean, ending, begins, pieces, probabilities } = columns;
    this.#columns = columns;
    checkLengths(this.count, [tokens.length, mean.length, ending.length, begins.length - 1]);
    checkLengths(pieces.length, [probabilities.length]);
  }

  slice(start: number, stop: number): GeneratePage {
    const { tokens, mean, ending, begins } = this.#columns;
    return new GeneratePage(this.rows.slice(start, stop), {
      ...this.#columns,
      tokens: tokens.subarray(start, stop),
      mean: mean.subarray(start, stop),
      ending: ending.subarray(start, stop),
      begins: begins.subarray(start, stop + 1),
    });
  }

  /** What the table is sorted by, NaN for a row that has a reason in place of a text. */
  key(at: number, by: "tokens" | "mean" | "ending"): number {
    return this.hasReason(at) ? Number.NaN : (this.#columns[by][at] ?? Number.NaN);
  }

  protected make(at: number): GenerateRow {
    const { begins, pieces, probabilities, tokens, mean, ending } = this.#columns;
    const [start, stop] = [begins[at] ?? 0, begins[at + 1] ?? 0];
    return {
      ...this.rows.row(at),
      pieces: pieces.slice(start, stop),
      probabilities: probabilities.subarray(start, stop),
      tokens: tokens[at] ?? 0,
      mean: mean[at] ?? Number.NaN,
      ending: ending[at] ?? 0,
    };
  }
}

/** The text of a row, as far as it came along. */
export function writtenText({ pieces }: Pick<GenerateRow, "pieces">): string {
  return Array.from({ length: pieces.length }, (_, token) => pieces.at(token)).join("");
}

export function generateHeader(header: Record<string, unknown>): GenerateHeader {
  return checkHeader(header, ["generate"], ["endings", "sections"], "generated texts");
}

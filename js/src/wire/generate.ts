// Generated texts on the wire: prompts, and what was written for each, token by token.
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

const FLAG_CLIPPED = 1;
const FLAG_PENDING = 4;

/** One prompt and what was written for it. */
export interface GenerateRow {
  position: number;
  index: string;
  /** The prompt. */
  text: string;
  /** The prompt is only the beginning: the kernel holds the whole. */
  clipped: boolean;
  pending: boolean;
  reason: string | null;
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
  position: Uint32Array;
  reason: Uint8Array;
  flags: Uint8Array;
  texts: Strings;
  index: Strings;
  reasons: Strings;
  tokens: Uint32Array;
  mean: Float32Array;
  ending: Uint8Array;
  /** Where the tokens of each row begin, and one more. */
  rows: Uint32Array;
  pieces: Strings;
  probabilities: Float32Array;
}

const A_ROW = ["position", "reason", "flags", "tokens", "mean", "ending"] as const;

export class GeneratePage implements Page<GenerateRow> {
  readonly count: number;
  readonly position: Uint32Array;
  readonly #columns: Columns;

  static read(sections: readonly Section[], payload: DataView | null): GeneratePage {
    const read = new Sections(sections, payload);
    return new GeneratePage({
      position: read.uint32("position"),
      reason: read.uint8("reason"),
      flags: read.uint8("flags"),
      texts: read.strings("texts"),
      index: read.strings("index"),
      reasons: read.strings("reasons"),
      tokens: read.uint32("tokens"),
      mean: read.float32("mean"),
      ending: read.uint8("ending"),
      rows: read.uint32("rows"),
      pieces: read.strings("pieces"),
      probabilities: read.float32("probabilities"),
    });
  }

  private constructor(columns: Columns) {
    const { position, texts, index, rows, pieces, probabilities } = columns;
    this.count = position.length;
    this.position = position;
    this.#columns = columns;
    checkLengths(this.count, [...A_ROW.map((name) => columns[name].length), texts.length, index.length]);
    checkLengths(this.count + 1, [rows.length]);
    checkLengths(pieces.length, [probabilities.length]);
  }

  slice(start: number, stop: number): GeneratePage {
    const { texts, index, rows } = this.#columns;
    const own = Object.fromEntries(A_ROW.map((name) => [name, this.#columns[name].subarray(start, stop)]));
    return new GeneratePage({
      ...this.#columns,
      ...own,
      texts: texts.slice(start, stop),
      index: index.slice(start, stop),
      rows: rows.subarray(start, stop + 1),
    });
  }

  text(at: number): string {
    return this.#columns.texts.at(at);
  }

  index(at: number): string {
    return this.#columns.index.at(at);
  }

  /** What the table is sorted by, NaN for a row that has a reason in place of a text. */
  key(at: number, by: "tokens" | "mean" | "ending"): number {
    return this.#columns.reason[at] ? Number.NaN : (this.#columns[by][at] ?? Number.NaN);
  }

  row(at: number): GenerateRow {
    const { reason, reasons, flags, rows, pieces, probabilities, tokens, mean, ending } = this.#columns;
    const flag = flags[at] ?? 0;
    const why = reason[at] ?? 0;
    const [start, stop] = [rows[at] ?? 0, rows[at + 1] ?? 0];
    return {
      position: this.position[at] ?? 0,
      index: this.index(at),
      text: this.text(at),
      clipped: (flag & FLAG_CLIPPED) !== 0,
      pending: (flag & FLAG_PENDING) !== 0,
      reason: why > 0 ? reasons.at(why - 1) : null,
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

/** Check that a header is one that this page can read, and name its type. */
export function generateHeader(header: Record<string, unknown>): GenerateHeader {
  checkVersion(header);
  if (header.kind !== "generate" || !Array.isArray(header.endings) || !Array.isArray(header.sections)) {
    throw new WireError("The result's header is not one of generated texts.");
  }
  return header as unknown as GenerateHeader;
}

// A tokenization on the wire: the tokens of every text, once for each tokenizer.
import { checkHeader, checkLengths, type Header, type Section, Sections, type Strings } from "./sections";
import { RowPage, TextPage, type TextRow } from "./texts";

export interface TokenTotals {
  tokens: number;
  words: number;
  /** Tokens a word, special ones not counted; null where there is no word. */
  fertility: number | null;
  characters: number;
  unknown: number;
  special: number;
  cut_texts: number;
  cut_tokens: number;
}

/** What a model would get for the first texts: rows x width, of which `waste` is padding. */
export interface Batch {
  rows: number;
  width: number;
  lengths: number[];
  pad_token: string | null;
  padding_side: "left" | "right";
  tokens: number;
  pad_tokens: number;
  waste: number;
  truncated: boolean[];
}

export interface Tokenizer {
  name: string;
  /** The algorithm: WordPiece, BPE, Unigram, … */
  model: string;
  vocabulary: number;
  /** Tokens that the model reads; null or 0 is no limit. */
  limit: number | null;
  fast: boolean;
  totals: TokenTotals;
  batch: Batch | null;
}

export interface TokenizeHeader extends Header {
  kind: "tokenize";
  tokenizers: Tokenizer[];
}

/** Bits of a token's flags. */
export const SPECIAL = 1;
export const ADDED = 2;
export const UNKNOWN = 4;
/** Not the first piece of its word. */
export const CONTINUES = 8;
/** Beyond the model's limit. */
export const CUT = 16;
export const NO_OFFSETS = 32;

/** The columns of tokens: one entry a token, and two tables of what a token is written as and made of. */
interface TokenColumns {
  ids: Int32Array;
  start: Uint32Array;
  stop: Uint32Array;
  word: Int32Array;
  flags: Uint8Array;
  piece: Uint32Array;
  pieces: Strings;
  bytes: Strings;
}

/** Some tokens in a row, on the memory they came in. */
export class Tokens {
  readonly count: number;
  readonly #columns: TokenColumns;
  readonly #from: number;

  constructor(columns: TokenColumns, from: number, to: number) {
    this.#columns = columns;
    this.#from = from;
    this.count = Math.max(0, to - from);
  }

  slice(start: number, stop: number): Tokens {
    return new Tokens(this.#columns, this.#from + start, this.#from + Math.min(stop, this.count));
  }

  id(at: number): number {
    return this.#columns.ids[this.#from + at] ?? 0;
  }

  /** Where the token begins in its text, in code points; 0 like its stop where it has no place there. */
  start(at: number): number {
    return this.#columns.start[this.#from + at] ?? 0;
  }

  stop(at: number): number {
    return this.#columns.stop[this.#from + at] ?? 0;
  }

  /** The number of its word within the text, -1 for none. */
  word(at: number): number {
    return this.#columns.word[this.#from + at] ?? -1;
  }

  flags(at: number): number {
    return this.#columns.flags[this.#from + at] ?? 0;
  }

  /** The token as the tokenizer writes it. */
  piece(at: number): string {
    return this.#columns.pieces.at(this.#columns.piece[this.#from + at] ?? 0);
  }

  /** Its bytes in hexadecimal, "" where they are not known. */
  hex(at: number): string {
    return this.#columns.bytes.at(this.#columns.piece[this.#from + at] ?? 0);
  }
}

/** One text as one tokenizer cuts it. */
export interface Tokenized {
  /** All its tokens, whatever has arrived. */
  count: number;
  /** Tokens beyond the limit. */
  cut: number;
  /** Those that have arrived: of a long text only the first. */
  tokens: Tokens;
}

export interface TokenRow extends TextRow {
  /** One entry a tokenizer. */
  tokenized: Tokenized[];
}

interface TokenizedColumns {
  counts: Uint32Array;
  cut: Uint32Array;
  /** Row r has the tokens [rows[r], rows[r + 1]). */
  rows: Uint32Array;
  tokens: TokenColumns;
}

/** Rows and their tokens, as they stand in one buffer. */
export class TokenPage extends RowPage<TokenRow> {
  readonly #tokenized: readonly TokenizedColumns[];

  static read(sections: readonly Section[], payload: DataView | null): TokenPage {
    const read = new Sections(sections, payload);
    const tokenized: TokenizedColumns[] = [];
    for (let number = 0; read.has(`t${number}_counts`); number++) {
      tokenized.push({
        counts: read.uint32(`t${number}_counts`),
        cut: read.uint32(`t${number}_cut`),
        rows: read.uint32(`t${number}_rows`),
        tokens: readTokens(read, number),
      });
    }
    return new TokenPage(TextPage.of(read), tokenized);
  }

  private constructor(rows: TextPage, tokenized: readonly TokenizedColumns[]) {
    super(rows);
    this.#tokenized = tokenized;
    for (const { counts, cut, rows } of tokenized) {
      checkLengths(this.count, [counts.length, cut.length, rows.length - 1]);
    }
  }

  slice(start: number, stop: number): TokenPage {
    const tokenized = this.#tokenized.map(({ counts, cut, rows, tokens }) => ({
      counts: counts.subarray(start, stop),
      cut: cut.subarray(start, stop),
      rows: rows.subarray(start, stop + 1),
      tokens,
    }));
    return new TokenPage(this.rows.slice(start, stop), tokenized);
  }

  /** Tokens of a row's whole text. */
  tokenCount(at: number, tokenizer: number): number {
    return this.#tokenized[tokenizer]?.counts[at] ?? 0;
  }

  protected make(at: number): TokenRow {
    return {
      ...this.rows.row(at),
      tokenized: this.#tokenized.map(({ counts, cut, rows, tokens }) => ({
        count: counts[at] ?? 0,
        cut: cut[at] ?? 0,
        tokens: new Tokens(tokens, rows[at] ?? 0, rows[at + 1] ?? 0),
      })),
    };
  }
}

/** An answer to a question for some tokens of one text: the tokens, and the stretch of text that they span. */
export function readTokenSlice(
  sections: readonly Section[],
  payload: DataView | null,
): { tokens: Tokens; text: string } {
  const read = new Sections(sections, payload);
  const columns = readTokens(read, 0);
  return { tokens: new Tokens(columns, 0, columns.ids.length), text: read.strings("texts").at(0) };
}

function readTokens(read: Sections, number: number): TokenColumns {
  const columns = {
    ids: read.int32(`t${number}_ids`),
    start: read.uint32(`t${number}_start`),
    stop: read.uint32(`t${number}_stop`),
    word: read.int32(`t${number}_word`),
    flags: read.uint8(`t${number}_flags`),
    piece: read.uint32(`t${number}_piece`),
    pieces: read.strings(`t${number}_pieces`),
    bytes: read.strings(`t${number}_bytes`),
  };
  const { ids, start, stop, word, flags, piece } = columns;
  checkLengths(ids.length, [start.length, stop.length, word.length, flags.length, piece.length]);
  return columns;
}

export function tokenizeHeader(header: Record<string, unknown>): TokenizeHeader {
  return checkHeader(header, ["tokenize"], ["tokenizers", "sections"], "a tokenization");
}

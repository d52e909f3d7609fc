// A tokenization on the wire: the tokens of every text, once for each tokenizer.
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

export interface TokenRow {
  position: number;
  index: string;
  text: string;
  /** `text` is only the beginning. */
  clipped: boolean;
  /** The work goes on, and has not come to this row. */
  pending: boolean;
  /** Why there are no tokens. */
  reason: string | null;
  /** One entry a tokenizer. */
  tokenized: Tokenized[];
}

const FLAG_CLIPPED = 1;
const FLAG_PENDING = 4;

interface TokenizedColumns {
  counts: Uint32Array;
  cut: Uint32Array;
  /** Row r has the tokens [rows[r], rows[r + 1]). */
  rows: Uint32Array;
  tokens: TokenColumns;
}

interface Columns {
  position: Uint32Array;
  reason: Uint8Array;
  flags: Uint8Array;
  texts: Strings;
  index: Strings;
  reasons: Strings;
  tokenized: TokenizedColumns[];
}

/** Rows and their tokens, as they stand in one buffer. */
export class TokenPage implements Page<TokenRow> {
  readonly count: number;
  readonly position: Uint32Array;
  readonly #columns: Columns;

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
    return new TokenPage({
      position: read.uint32("position"),
      reason: read.uint8("reason"),
      flags: read.uint8("flags"),
      texts: read.strings("texts"),
      index: read.strings("index"),
      reasons: read.strings("reasons"),
      tokenized,
    });
  }

  private constructor(columns: Columns) {
    const { position, reason, flags, texts, index, tokenized } = columns;
    this.count = position.length;
    this.position = position;
    this.#columns = columns;
    checkLengths(this.count, [reason.length, flags.length, texts.length, index.length]);
    for (const { counts, cut, rows } of tokenized) {
      checkLengths(this.count, [counts.length, cut.length, rows.length - 1]);
    }
  }

  slice(start: number, stop: number): TokenPage {
    const { position, reason, flags, texts, index, reasons, tokenized } = this.#columns;
    return new TokenPage({
      position: position.subarray(start, stop),
      reason: reason.subarray(start, stop),
      flags: flags.subarray(start, stop),
      texts: texts.slice(start, stop),
      index: index.slice(start, stop),
      reasons,
      tokenized: tokenized.map(({ counts, cut, rows, tokens }) => ({
        counts: counts.subarray(start, stop),
        cut: cut.subarray(start, stop),
        rows: rows.subarray(start, stop + 1),
        tokens,
      })),
    });
  }

  text(at: number): string {
    return this.#columns.texts.at(at);
  }

  index(at: number): string {
    return this.#columns.index.at(at);
  }

  hasReason(at: number): boolean {
    return (this.#columns.reason[at] ?? 0) > 0;
  }

  /** Tokens of a row's whole text. */
  tokenCount(at: number, tokenizer: number): number {
    return this.#columns.tokenized[tokenizer]?.counts[at] ?? 0;
  }

  row(at: number): TokenRow {
    const { reasons, tokenized } = this.#columns;
    const flags = this.#columns.flags[at] ?? 0;
    const reason = this.#columns.reason[at] ?? 0;
    return {
      position: this.position[at] ?? 0,
      index: this.index(at),
      text: this.text(at),
      clipped: (flags & FLAG_CLIPPED) !== 0,
      pending: (flags & FLAG_PENDING) !== 0,
      reason: reason > 0 ? reasons.at(reason - 1) : null,
      tokenized: tokenized.map(({ counts, cut, rows, tokens }) => ({
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

/** Check that a header is one that this page can read, and name its type. */
export function tokenizeHeader(header: Record<string, unknown>): TokenizeHeader {
  checkVersion(header);
  if (header.kind !== "tokenize" || !Array.isArray(header.tokenizers) || !Array.isArray(header.sections)) {
    throw new WireError("The result's header is not one of a tokenization.");
  }
  return header as unknown as TokenizeHeader;
}

// Toy tokenizers, their tokens on the wire, and a kernel that answers for them: for tests and the development page.
import { select, type TokenizeQuery } from "../src/query/tokenize";
import type { Section } from "../src/wire/sections";
import {
  ADDED,
  type Batch,
  CONTINUES,
  CUT,
  SPECIAL,
  type Tokenizer,
  TokenPage,
  UNKNOWN,
} from "../src/wire/tokenize";
import { type FakeModel, type NamedArray, pack, type Sent, stringTable } from "./fake";

export interface FakeToken {
  id: number;
  piece: string;
  bytes: string;
  start: number;
  stop: number;
  word: number;
  flags: number;
}

export interface FakeText {
  position: number;
  index: string;
  text: string;
  reason: string | null;
  pending?: boolean;
  /** Tokens by tokenizer, all of them. */
  tokens: FakeToken[][];
}

type Cut = (text: string) => FakeToken[];

export interface FakeTokenizer {
  name: string;
  model: string;
  vocabulary: number;
  limit: number | null;
  pad: string | null;
  side: "left" | "right";
  cut: Cut;
}

const encoder = new TextEncoder();
const hexOf = (bytes: ArrayLike<number>) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The same piece has the same number, whoever asks. */
function idOf(piece: string): number {
  let hash = 7;
  for (const character of piece) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 30_000;
  return hash + 100;
}

interface Word {
  characters: string[];
  start: number;
}

/** Words and single marks, with white space before each left to the caller. */
function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  for (const [found] of text.matchAll(/\p{Script=Han}|[\p{L}\p{M}\p{N}]+|\s+|[^\s]/gu)) {
    const characters = [...found];
    if (!/^\s/.test(found)) words.push({ characters, start: at });
    at += characters.length;
  }
  return words;
}

const special = (piece: string, id: number): FakeToken => ({
  id,
  piece,
  bytes: "",
  start: 0,
  stop: 0,
  word: -1,
  flags: SPECIAL | ADDED,
});

/** Four or five characters a piece; no emoji. */
export const wordpiece: Cut = (text) => {
  const tokens = [special("[CLS]", 101)];
  wordsOf(text).forEach(({ characters, start }, word) => {
    if (/\p{So}|\p{Emoji_Modifier}|\u200d/u.test(characters[0] ?? "")) {
      tokens.push({
        ...special("[UNK]", 100),
        start,
        stop: start + characters.length,
        word,
        flags: UNKNOWN,
      });
      return;
    }
    const size = characters.length > 7 ? 5 : 8;
    for (let at = 0; at < characters.length; at += size) {
      const part = characters
        .slice(at, at + size)
        .join("")
        .toLowerCase();
      const piece = (at > 0 ? "##" : "") + part;
      tokens.push({
        id: idOf(piece),
        piece,
        bytes: hexOf(encoder.encode(part)),
        start: start + at,
        stop: start + at + [...part].length,
        word,
        flags: at > 0 ? CONTINUES : 0,
      });
    }
  });
  return [...tokens, special("[SEP]", 102)];
};

/** A space goes with what follows; letters are cut in fours, and whatever is no Latin letter in twos of bytes. */
export const bytelevel: Cut = (text) => {
  const tokens: FakeToken[] = [];
  let word = -1;
  let at = 0;
  for (const [found] of text.matchAll(/ ?[\p{L}\p{M}\p{N}]+| ?[^\s\p{L}\p{M}\p{N}]+|\s/gu)) {
    const data: number[] = [];
    const owner: number[] = [];
    for (const [place, character] of [...found].entries()) {
      for (const byte of encoder.encode(character)) {
        data.push(byte);
        owner.push(at + place);
      }
    }
    if (found.trim() !== "") word += 1;
    const size = data.every((byte) => byte < 128) ? 5 : 2;
    for (let from = 0; from < data.length; from += size) {
      const part = data.slice(from, from + size);
      const piece = part.map((byte) =>
        byte > 32 && byte < 127 ? String.fromCharCode(byte) : byteLetter(byte),
      );
      tokens.push({
        id: idOf(piece.join("")),
        piece: piece.join(""),
        bytes: hexOf(part),
        start: owner[from] ?? 0,
        stop: (owner[from + part.length - 1] ?? 0) + 1,
        word: found.trim() === "" ? -1 : word,
        flags: from > 0 ? CONTINUES : 0,
      });
    }
    at += [...found].length;
  }
  return tokens;
};

/** As GPT-2 writes bytes that are no printable character. */
function byteLetter(byte: number): string {
  if (byte <= 32) return String.fromCodePoint(256 + byte);
  return byte >= 161 ? String.fromCodePoint(byte) : String.fromCodePoint(256 + byte - 94);
}

/** Spaces become ▁; what is rare falls back to bytes. */
export const sentencepiece: Cut = (text) => {
  const tokens: FakeToken[] = [];
  const words = wordsOf(text);
  words.forEach(({ characters, start }, word) => {
    const spaced = start === 0 || /\s/.test([...text][start - 1] ?? "");
    if (/\p{So}|\p{Emoji_Modifier}/u.test(characters[0] ?? "")) {
      for (const [place, byte] of [...encoder.encode(characters.join(""))].entries()) {
        tokens.push({
          id: 3 + byte,
          piece: `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
          bytes: hexOf([byte]),
          start,
          stop: start + characters.length,
          word,
          flags: place > 0 ? CONTINUES : 0,
        });
      }
      return;
    }
    for (let at = 0; at < characters.length; at += 6) {
      const part = characters.slice(at, at + 6).join("");
      const piece = (at === 0 && spaced ? "▁" : "") + part;
      const from = at === 0 && spaced && start > 0 ? start - 1 : start + at;
      tokens.push({
        id: idOf(piece),
        piece,
        bytes: hexOf(encoder.encode(piece.replace("▁", " "))),
        start: from,
        stop: start + at + [...part].length,
        word,
        flags: at > 0 ? CONTINUES : 0,
      });
    }
  });
  return [...tokens, special("</s>", 1)];
};

export const TOYS: Record<"wordpiece" | "bytes" | "pieces", FakeTokenizer> = {
  wordpiece: {
    name: "toy-wordpiece",
    model: "WordPiece",
    vocabulary: 30_522,
    limit: 512,
    pad: "[PAD]",
    side: "right",
    cut: wordpiece,
  },
  bytes: {
    name: "toy-bytes",
    model: "BPE",
    vocabulary: 50_257,
    limit: 1024,
    pad: null,
    side: "left",
    cut: bytelevel,
  },
  pieces: {
    name: "toy-pieces",
    model: "Unigram",
    vocabulary: 250_002,
    limit: null,
    pad: "<pad>",
    side: "right",
    cut: sentencepiece,
  },
};

/** Texts as these tokenizers cut them, with their limits marked. */
export function fakeTexts(
  texts: readonly (string | null)[],
  tokenizers: readonly FakeTokenizer[],
): FakeText[] {
  return texts.map((text, position) => ({
    position,
    index: String(position),
    text: text ?? "",
    reason: text === null ? "missing" : text === "" ? "empty" : null,
    tokens: tokenizers.map(({ cut, limit }) => {
      if (!text) return [];
      const tokens = cut(text);
      const too = limit ? Math.max(0, tokens.length - limit) : 0;
      const end = tokens.at(-1)?.flags === (SPECIAL | ADDED) ? tokens.length - 1 : tokens.length;
      return tokens.map((token, at) =>
        at >= end - too && at < end ? { ...token, flags: token.flags | CUT } : token,
      );
    }),
  }));
}

interface Travel {
  /** Tokens of a row that travel. */
  tokens?: number;
  /** Code points of a text that travel. */
  characters?: number;
}

/** Rows and their tokens on the wire, as Python writes them. */
export function encodeTexts(
  texts: readonly FakeText[],
  tokenizers: number,
  travel: Travel = {},
): { sections: Section[]; payload: DataView } {
  const { tokens: most = Number.POSITIVE_INFINITY, characters: longest = Number.POSITIVE_INFINITY } = travel;
  const reasons = [...new Set(texts.map(({ reason }) => reason).filter((reason) => reason !== null))];
  const columns: NamedArray[] = [
    ["position", Uint32Array.from(texts, (row) => row.position), [texts.length]],
    ["reason", Uint8Array.from(texts, (row) => 1 + reasons.indexOf(row.reason ?? "")), [texts.length]],
    [
      "flags",
      Uint8Array.from(
        texts,
        (row) => Number([...row.text].length > longest) + 4 * Number(row.pending === true),
      ),
      [texts.length],
    ],
    ...stringTable(
      "texts",
      texts.map((row) =>
        [...row.text].slice(0, longest === Number.POSITIVE_INFINITY ? undefined : longest).join(""),
      ),
    ),
    ...stringTable(
      "index",
      texts.map((row) => row.index),
    ),
    ...stringTable("reasons", reasons),
  ];
  for (let number = 0; number < tokenizers; number++) {
    const rows = texts.map((row) => row.tokens[number] ?? []);
    columns.push(
      [`t${number}_counts`, Uint32Array.from(rows, (row) => row.length), [rows.length]],
      [
        `t${number}_cut`,
        Uint32Array.from(rows, (row) => row.filter(({ flags }) => flags & CUT).length),
        [rows.length],
      ],
      ...encodeTokens(
        number,
        rows.map((row) => row.slice(0, most)),
      ),
    );
  }
  return pack(columns);
}

function encodeTokens(number: number, rows: readonly FakeToken[][]): NamedArray[] {
  const tokens = rows.flat();
  const places = new Map<string, number>();
  const pieces: FakeToken[] = [];
  const piece = tokens.map((token) => {
    const key = JSON.stringify([token.piece, token.bytes]);
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, pieces.length);
    return pieces.push(token) - 1;
  });
  let end = 0;
  const ends = rows.map((row) => {
    end += row.length;
    return end;
  });
  return [
    [`t${number}_rows`, Uint32Array.from([0, ...ends]), [rows.length + 1]],
    [`t${number}_ids`, Int32Array.from(tokens, ({ id }) => id), [tokens.length]],
    [`t${number}_start`, Uint32Array.from(tokens, ({ start }) => start), [tokens.length]],
    [`t${number}_stop`, Uint32Array.from(tokens, ({ stop }) => stop), [tokens.length]],
    [`t${number}_word`, Int32Array.from(tokens, ({ word }) => word), [tokens.length]],
    [`t${number}_flags`, Uint8Array.from(tokens, ({ flags }) => flags), [tokens.length]],
    [`t${number}_piece`, Uint32Array.from(piece), [tokens.length]],
    ...stringTable(
      `t${number}_pieces`,
      pieces.map((token) => token.piece),
    ),
    ...stringTable(
      `t${number}_bytes`,
      pieces.map((token) => token.bytes),
    ),
  ];
}

/** The header's entry for one tokenizer. */
export function tell(texts: readonly FakeText[], number: number, tokenizer: FakeTokenizer): Tokenizer {
  const { name, model, vocabulary, limit } = tokenizer;
  const rows = texts.filter(({ reason }) => reason === null);
  const tokens = rows.flatMap((row) => row.tokens[number] ?? []);
  const having = (flag: number) => tokens.filter(({ flags }) => flags & flag).length;
  const words = rows.reduce((sum, row) => sum + wordsOf(row.text).length, 0);
  const totals = {
    tokens: tokens.length,
    words,
    fertility: words > 0 ? (tokens.length - having(SPECIAL)) / words : null,
    characters: rows.reduce((sum, row) => sum + [...row.text].length, 0),
    unknown: having(UNKNOWN),
    special: having(SPECIAL),
    cut_texts: rows.filter((row) => row.tokens[number]?.some(({ flags }) => flags & CUT)).length,
    cut_tokens: having(CUT),
  };
  return { name, model, vocabulary, limit, fast: true, totals, batch: batchOf(rows, number, tokenizer) };
}

function batchOf(rows: readonly FakeText[], number: number, { pad, side }: FakeTokenizer): Batch {
  const first = rows.slice(0, 32).map((row) => row.tokens[number] ?? []);
  const lengths = first.map((row) => row.filter(({ flags }) => !(flags & CUT)).length);
  const width = Math.max(0, ...lengths);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const pads = width * lengths.length - tokens;
  return {
    rows: lengths.length,
    width,
    lengths,
    pad_token: pad,
    padding_side: side,
    tokens,
    pad_tokens: pads,
    waste: pads / Math.max(1, width * lengths.length),
    truncated: first.map((row) => row.some(({ flags }) => flags & CUT)),
  };
}

/** A header and payload of all texts, as after a run. */
export function tokenized(
  texts: readonly FakeText[],
  tokenizers: readonly FakeTokenizer[],
  travel: Travel & { rows?: number } = {},
) {
  const shown = texts.slice(0, travel.rows);
  const { sections, payload } = encodeTexts(shown, tokenizers.length, travel);
  const header = {
    version: 1,
    kind: "tokenize",
    title: tokenizers.map(({ name }) => name).join(", "),
    subtitle: `${texts.length.toLocaleString("en-US")} ${texts.length === 1 ? "text" : "texts"} · 12 ms`,
    rows: texts.length,
    inline: shown.length === texts.length,
    facts: [["Special tokens", "added"]],
    notes: [] as string[],
    tokenizers: tokenizers.map((tokenizer, number) => tell(texts, number, tokenizer)),
    sections,
  };
  return { kind: "tokenize", header, payload };
}

/** Answers requests the way Python does. */
export class FakeTokenKernel {
  readonly #model: FakeModel;
  readonly #texts: readonly FakeText[];
  readonly #tokenizers: number;
  readonly #travel: Travel;
  readonly #all: TokenPage;

  constructor(model: FakeModel, texts: readonly FakeText[], tokenizers: number, travel: Travel = {}) {
    this.#model = model;
    this.#texts = texts;
    this.#tokenizers = tokenizers;
    this.#travel = travel;
    const { sections, payload } = encodeTexts(texts, tokenizers);
    this.#all = TokenPage.read(sections, payload);
  }

  answer({ type, id, method, params = {} }: Sent): void {
    if (type !== "request") return;
    if (method === "rows")
      this.#rows(id, params as unknown as TokenizeQuery & { start: number; stop: number });
    else if (method === "tokens") this.#tokens(id, params as Record<string, number>);
    else this.#model.receive({ type: "reply", id, ok: false, error: `There is no method ${method}.` });
  }

  #rows(id: string, query: TokenizeQuery & { start: number; stop: number }): void {
    const order = select(this.#all, query);
    const rows = order.slice(query.start, query.stop).map((at) => this.#texts[at] as FakeText);
    const { sections, payload } = encodeTexts(rows, this.#tokenizers, this.#travel);
    const result = { total: order.length, start: query.start, sections };
    this.#model.receive({ type: "reply", id, ok: true, result }, [payload]);
  }

  #tokens(id: string, { position = 0, tokenizer = 0, start = 0, stop = 0 }: Record<string, number>): void {
    const row = this.#texts[position];
    const all = row?.tokens[tokenizer] ?? [];
    const tokens = all.slice(start, stop);
    const placed = tokens.filter((token) => token.stop > token.start);
    const from = Math.min(...placed.map((token) => token.start));
    const to = Math.max(...placed.map((token) => token.stop));
    const text = placed.length > 0 ? [...(row?.text ?? "")].slice(from, to).join("") : "";
    const { sections, payload } = pack([...stringTable("texts", [text]), ...encodeTokens(0, [tokens])]);
    const result = { total: all.length, sections, text_start: placed.length > 0 ? from : 0 };
    this.#model.receive({ type: "reply", id, ok: true, result }, [payload]);
  }
}

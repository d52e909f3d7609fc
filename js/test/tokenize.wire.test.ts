import { describe, expect, it } from "vitest";
import { Channel } from "../src/channel";
import { Host } from "../src/host";
import { EVERYTHING, select, type TokenizeQuery } from "../src/query/tokenize";
import { LocalRows } from "../src/rows/local";
import { TokenPage, type TokenRow, type Tokens, tokenizeHeader } from "../src/wire/tokenize";
import { FakeModel } from "./fake";
import { encodeTexts, type FakeText, type FakeToken } from "./faketokens";
import { goldenTokenNames, goldenTokens, viewAt } from "./golden";

/** Tokens as plain objects, as the golden file tells them. */
export function plain(tokens: Tokens): FakeToken[] {
  return Array.from({ length: tokens.count }, (_, at) => ({
    id: tokens.id(at),
    piece: tokens.piece(at),
    bytes: tokens.hex(at),
    start: tokens.start(at),
    stop: tokens.stop(at),
    word: tokens.word(at),
    flags: tokens.flags(at),
  }));
}

describe.each(goldenTokenNames)("golden case %s", (name) => {
  const { header, payload, rows, queries } = goldenTokens(name);
  const page = TokenPage.read(header.sections, payload);

  it.each([0, 1, 3, 8])("decodes at byte offset %i of its buffer", (offset) => {
    const bytes = new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
    const moved = TokenPage.read(header.sections, viewAt(bytes, offset));
    expect(moved.count).toBe(rows.length);
    rows.forEach((expected, at) => {
      const row = moved.row(at);
      const { index, text, reason, clipped } = expected;
      expect(row).toMatchObject({ position: at, index, text, reason, clipped });
      expect(row.tokenized).toHaveLength(expected.tokenizers.length);
      expected.tokenizers.forEach(({ count, cut, tokens }, number) => {
        expect(row.tokenized[number]).toMatchObject({ count, cut });
        expect(plain(row.tokenized[number]?.tokens as Tokens)).toEqual(tokens);
      });
    });
  });

  it("slices without touching what it was cut from", () => {
    const part = page.slice(3, 8);
    expect(part.count).toBe(5);
    const told = (row: TokenRow) => ({
      ...row,
      tokenized: row.tokenized.map((t) => ({ ...t, tokens: plain(t.tokens) })),
    });
    for (let at = 0; at < 5; at++) expect(told(part.row(at))).toEqual(told(page.row(at + 3)));
  });

  it.each(queries.map((query) => [JSON.stringify(query.params), query] as const))(
    "answers %s",
    (_, query) => {
      const { start, stop, ...params } = query.params;
      const local = new LocalRows(
        page,
        (asked: TokenizeQuery) => select(page, asked),
        EVERYTHING,
        new Channel(new Host(new FakeModel({}))),
      );
      local.setQuery(params);
      expect(local.total).toBe(query.total);
      const positions = Array.from({ length: local.total }, (_, at) => local.row(at)?.position);
      expect(positions.slice(start, stop)).toEqual(query.positions);
    },
  );
});

describe("a result that cannot be read", () => {
  const { header, payload } = goldenTokens("two");

  it("names a version that is not ours, and a header of another kind", () => {
    expect(() => tokenizeHeader({ ...header, version: 2 })).toThrow(/another version/);
    expect(() => tokenizeHeader({ ...header, kind: "classify" })).toThrow(/not one of a tokenization/);
  });

  it("names a section that is missing", () => {
    const sections = header.sections.filter(({ name }) => name !== "t1_word");
    expect(() => TokenPage.read(sections, payload)).toThrow(/"t1_word"/);
  });

  it("notices columns of different lengths", () => {
    for (const name of ["t0_flags", "flags"]) {
      const sections = header.sections.map((section) =>
        section.name === name ? { ...section, nbytes: section.nbytes - 1 } : section,
      );
      expect(() => TokenPage.read(sections, payload)).toThrow(/differ in length/);
    }
  });
});

it("reads what the test's own writer writes", () => {
  const token: FakeToken = {
    id: -1,
    piece: "Ġé",
    bytes: "20c3a9",
    start: 1,
    stop: 3,
    word: 4,
    flags: 9,
  };
  const text: FakeText = { position: 7, index: "é", text: "a é👩‍👧", reason: null, tokens: [[token], []] };
  const { sections, payload } = encodeTexts([text], 2, { characters: 4 });
  const row = TokenPage.read(sections, payload).row(0);
  expect(row).toMatchObject({ position: 7, index: "é", text: "a é👩", clipped: true });
  expect(row.tokenized.map(({ count, tokens }) => [count, plain(tokens)])).toEqual([
    [1, [token]],
    [0, []],
  ]);
});

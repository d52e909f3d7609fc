// The pure helpers of the tokenization panel.
import { describe, expect, it } from "vitest";
import { CodePoints } from "../src/tokens/codepoints";
import { directionOf, isJoining } from "../src/tokens/direction";
import { runsOf, visible } from "../src/tokens/marks";
import { type Segment, segmentsOf } from "../src/tokens/segments";
import { Heights } from "../src/views/heights";
import { CUT, NO_OFFSETS, SPECIAL, TokenPage, type Tokens } from "../src/wire/tokenize";
import { encodeTexts, type FakeToken, fakeTexts, TOYS } from "./faketokens";
import { goldenTokenNames, goldenTokens } from "./golden";

const TEXTS = [
  "",
  "plain",
  "Cafe\u0301 nai\u0308ve",
  "👩‍👩‍👧‍👦🎬!",
  "a𝓐b𝓑",
  "电影很好看",
  "كان الفيلم طويلاً",
  "\ud83d and \udc69 alone",
  "𝓐",
  "\ufeffmark",
];

describe("code points", () => {
  it.each(TEXTS)("of %j stand where counting finds them", (text) => {
    const points = new CodePoints(text);
    const characters = [...text];
    expect(points.last).toBe(characters.length);
    for (let at = 0; at <= characters.length; at++) {
      expect(points.unit(at)).toBe(characters.slice(0, at).join("").length);
      for (let to = at; to <= characters.length; to++) {
        expect(points.slice(at, to)).toBe(characters.slice(at, to).join(""));
      }
    }
  });

  it.each(TEXTS)("of a stretch out of %j are those of the whole", (text) => {
    const whole = new CodePoints(text);
    const characters = [...text];
    for (let from = 0; from <= characters.length; from++) {
      const part = new CodePoints(characters.slice(from).join(""), from);
      for (let at = from; at <= characters.length; at++) {
        expect(part.slice(at, at + 2)).toBe(whole.slice(at, at + 2));
      }
      expect(part.slice(0, from)).toBe("");
    }
  });

  it("in random texts too", () => {
    const alphabet = ["a", "é", "好", "𝓐", "🎬", "\u0301", "\n", "\ud800"];
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: random(40) }, () => alphabet[random(alphabet.length)]).join("");
      const characters = [...text];
      const points = new CodePoints(text);
      const [a, b] = [random(characters.length + 2), random(characters.length + 2)];
      expect(points.slice(Math.min(a, b), Math.max(a, b))).toBe(
        characters.slice(Math.min(a, b), Math.max(a, b)).join(""),
      );
    }
  });

  it("know where what one reads as a character begins", () => {
    const begins = (text: string) => {
      const points = new CodePoints(text);
      return Array.from({ length: points.last }, (_, at) => at).filter((at) => points.isBoundary(at));
    };
    expect(begins("abc")).toEqual([0, 1, 2]);
    expect(begins("e\u0301a")).toEqual([0, 2]);
    expect(begins("x👩‍👧y")).toEqual([0, 1, 4]);
    expect(begins("👍🏽👍")).toEqual([0, 2]);
    expect(begins("🇩🇪🇫🇷")).toEqual([0, 2]);
    expect(begins("电影")).toEqual([0, 1]);
  });
});

function read(text: string, tokens: FakeToken[]): { tokens: Tokens; text: CodePoints } {
  const row = { position: 0, index: "0", text, reason: null, tokens: [tokens] };
  const { sections, payload } = encodeTexts([row], 1);
  const tokenized = TokenPage.read(sections, payload).row(0).tokenized[0];
  return { tokens: tokenized?.tokens as Tokens, text: new CodePoints(text) };
}

function segmentsIn(text: string, tokens: FakeToken[]): Segment[] {
  const part = { ...read(text, tokens), first: 0 };
  return segmentsOf([part], 0, part.text.last, null);
}

const token = (start: number, stop: number, flags = 0, word = 0): FakeToken => ({
  id: 1,
  piece: "p",
  bytes: "",
  start,
  stop,
  word,
  flags,
});

/** What a reader sees: text in (brackets: tokens on it), pieces without text in <angles>, the limit as |. */
const sketch = (segments: Segment[]) =>
  segments
    .map((segment) => {
      if (segment.kind === "gap") return segment.text;
      if (segment.kind === "limit") return "|";
      if (segment.kind === "mark") return `<${segment.piece}>`;
      return segment.count > 1 ? `(${segment.text}:${segment.count})` : `(${segment.text})`;
    })
    .join("");

describe("segments", () => {
  it.each(["wordpiece", "bytes", "pieces"] as const)("of %s lose nothing of any text", (toy) => {
    const texts = [
      ...TEXTS.filter((text) => text !== "" && !/\p{Surrogate}/u.test(text)),
      "  two  spaces \n\n and lines \n",
    ];
    for (const text of texts) {
      const [row] = fakeTexts([text], [TOYS[toy]]);
      const segments = segmentsIn(text, row?.tokens[0] ?? []);
      const shown = segments.map((segment) =>
        segment.kind === "gap" || segment.kind === "group" ? segment.text : "",
      );
      expect(shown.join("")).toBe(text);
      const tokens = segments.reduce(
        (sum, segment) => sum + (segment.kind === "group" ? segment.count : segment.kind === "mark" ? 1 : 0),
        0,
      );
      expect(tokens).toBe(row?.tokens[0]?.length);
    }
  });

  it.each(goldenTokenNames)("of golden case %s show every text once and every token once", (name) => {
    for (const row of goldenTokens(name).rows.filter(({ reason }) => reason === null)) {
      for (const told of row.tokenizers) {
        const all = told.all ?? told.tokens;
        const segments = segmentsIn(row.whole_text, all);
        const shown = segments.map((s) => (s.kind === "gap" || s.kind === "group" ? s.text : "")).join("");
        expect(shown).toBe(row.whole_text);
        const numbers = segments.flatMap((s) => {
          if (s.kind === "group") return Array.from({ length: s.count }, (_, at) => s.first + at);
          return s.kind === "mark" ? [s.first] : [];
        });
        expect(numbers).toEqual(all.map((_, at) => at));
        expect(segments.some(({ kind }) => kind === "limit")).toBe(told.cut > 0);
      }
    }
  });

  it("show a character once that several tokens share", () => {
    expect(sketch(segmentsIn("a🎬b", [token(0, 1), token(1, 2), token(1, 2), token(2, 3)]))).toBe(
      "(a)(🎬:2)(b)",
    );
    expect(sketch(segmentsIn("e\u0301a", [token(0, 1), token(1, 2), token(2, 3)]))).toBe("(e\u0301:2)(a)");
    expect(sketch(segmentsIn("👩‍👧", [token(0, 1), token(1, 2), token(2, 3)]))).toBe("(👩‍👧:3)");
  });

  it("put what has no text in its place, and parts nothing for it", () => {
    const tokens = [token(0, 0, SPECIAL, -1), token(0, 1), token(0, 0, NO_OFFSETS, -1), token(2, 3)];
    expect(sketch(segmentsIn("a b", tokens))).toBe("<p>(a)<p> (b)");
  });

  it("mark where the model stops reading, whichever side is cut", () => {
    const right = [token(0, 1), token(1, 2, CUT), token(2, 3, CUT), token(0, 0, SPECIAL, -1)];
    expect(sketch(segmentsIn("abc", right))).toBe("(a)|(b)(c)<p>");
    const left = [token(0, 0, SPECIAL, -1), token(0, 1, CUT), token(1, 2), token(2, 3)];
    expect(sketch(segmentsIn("abc", left))).toBe("<p>(a)|(b)(c)");
  });

  it("give every second piece of a word its strength", () => {
    const tokens = [token(0, 1), token(1, 2, 8), token(2, 3, 8), token(3, 4, 0, 1)];
    const odd = segmentsIn("abcd", tokens).map((segment) => segment.kind === "group" && segment.odd);
    expect(odd).toEqual([false, true, false, false]);
  });
});

describe("marks", () => {
  it("stand for what cannot be seen, and leave the text as it is", () => {
    const text = "a b\tc\r\nd\u00a0e\u3000f\u200bg\u0000\u2028";
    const runs = runsOf(text);
    expect(runs.map((run) => (typeof run === "string" ? run : run.text)).join("")).toBe(text);
    expect(visible(text)).toBe("a·b⇥c↵d⍽e□f¦g␀↵");
  });

  it("do not part emoji or Persian", () => {
    expect(runsOf("👩‍👧")).toEqual(["👩‍👧"]);
    expect(runsOf("می\u200cخواهم")).toEqual(["می\u200cخواهم"]);
  });
});

it("tells the direction of a text by its first letter", () => {
  expect(directionOf("12 كان x")).toBe("rtl");
  expect(directionOf("שלום")).toBe("rtl");
  expect(directionOf("a كان")).toBe("ltr");
  expect(directionOf("电影")).toBe("ltr");
  expect(directionOf("123 !")).toBe("ltr");
  expect(isJoining("كا")).toBe(true);
  expect(isJoining("好")).toBe(false);
});

describe("heights", () => {
  it("are guessed until they are measured", () => {
    const heights = new Heights(5, 100);
    expect(heights.total).toBe(500);
    expect(heights.set(1, 150)).toBe(50);
    expect(heights.set(1, 150.2)).toBe(0);
    expect([0, 1, 2, 5].map((block) => heights.top(block))).toEqual([0, 100, 250, 550]);
    heights.guess(10);
    expect([0, 1, 2, 5].map((block) => heights.top(block))).toEqual([0, 10, 160, 190]);
  });

  it("find the block at any distance", () => {
    const heights = new Heights(4, 10);
    heights.set(2, 100);
    const by = (distance: number) => heights.at(distance);
    expect([0, 9, 10, 19.9, 20, 119, 120, 129, 500].map(by)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 3]);
    expect(new Heights(0, 10).at(0)).toBe(0);
  });
});

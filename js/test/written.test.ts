import { describe, expect, it } from "vitest";
import { writtenOf } from "../src/tokens/written";

/** First token, number of tokens and text of each group. */
function groups(pieces: string[], probabilities: number[] = pieces.map(() => 0.5)) {
  return writtenOf(pieces, probabilities).map(({ first, count, text }) => [first, count, text]);
}

describe("tokens that stand together", () => {
  it("are one each where each brings characters of its own", () => {
    expect(groups([" Paris", ".", "\n\n", "  x"])).toEqual([
      [0, 1, " Paris"],
      [1, 1, "."],
      [2, 1, "\n\n"],
      [3, 1, "  x"],
    ]);
  });

  it("are those that hold the bytes of one character", () => {
    expect(groups(["Hi ", "", "", "🤗", "!"])).toEqual([
      [0, 1, "Hi "],
      [1, 3, "🤗"],
      [4, 1, "!"],
    ]);
  });

  it("are those of what one reads as one character", () => {
    expect(groups(["a", "👩", "\u200d", "👧", "b"]).map(([, , text]) => text)).toEqual(["a", "👩‍👧", "b"]);
    expect(groups(["e", "\u0301", "e"]).map(([, , text]) => text)).toEqual(["e\u0301", "e"]);
    expect(groups(["🇩", "🇪", "🇫", "🇷"]).map(([, , text]) => text)).toEqual(["🇩🇪", "🇫🇷"]);
  });

  it("have the probability of the least likely", () => {
    const [emoji] = writtenOf(["", "", "🤗"], [0.9, 0.2, 0.7]);
    expect(emoji?.probability).toBe(0.2);
  });

  it("stand alone at the end, where they bring no text", () => {
    expect(groups(["Paris", "", ""])).toEqual([
      [0, 1, "Paris"],
      [1, 1, ""],
      [2, 1, ""],
    ]);
    expect(groups([""])).toEqual([[0, 1, ""]]);
    expect(groups([])).toEqual([]);
  });

  it("make up the text, whatever it is", () => {
    const pieces = ["नम", "स्", "ते", " ", "", "𝓐", "\r", "\n", "ك", "ا", "ن", "\ud83d\ude00", "\u200b"];
    const found = writtenOf(
      pieces,
      pieces.map(() => 1),
    );
    expect(found.map(({ text }) => text).join("")).toBe(pieces.join(""));
    expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(pieces.length);
  });
});

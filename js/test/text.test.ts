import { describe, expect, it } from "vitest";
import {
  compareCodePoints,
  formatEta,
  formatScore,
  formatShare,
  formatValue,
  oneLine,
  plural,
} from "../src/text";

describe("numbers for people", () => {
  it.each([
    [0, 10, "0%"],
    [10, 10, "100%"],
    [1, 5000, "<0.1%"],
    [4999, 5000, ">99.9%"],
    [1, 40, "2.5%"],
    [1, 3, "33%"],
    [995, 1000, "99.5%"],
    [0, 0, "0%"],
  ])("a share of %i in %i is %s", (part, all, expected) => {
    expect(formatShare(part, all)).toBe(expected);
  });

  it.each([
    [0, "0"],
    [-0.0001, "−1.0e-4"],
    [0.12345, "0.123"],
    [-3.456, "−3.46"],
    [45.67, "45.7"],
    [12345.6, "12346"],
    [2.5e7, "2.5e+7"],
  ])("the value %d is %s", (value, expected) => {
    expect(formatValue(value)).toBe(expected);
  });

  it.each([
    [0.4, "almost done"],
    [7.2, "about 8 s left"],
    [61, "about 2 min left"],
    [3600, "about 1 h left"],
    [5400, "about 1 h 30 min left"],
  ])("%d seconds are %s", (seconds, expected) => {
    expect(formatEta(seconds)).toBe(expected);
  });

  it("counts", () => {
    expect(plural(1, "row")).toBe("1 row");
    expect(plural(1234, "row")).toBe("1,234 rows");
    expect(formatScore(0.9876)).toBe("0.988");
  });
});

describe("the order of texts", () => {
  it("is by code point, as in Python, where UTF-16 units would differ", () => {
    // U+1D4D0 is written with surrogates (U+D835 …), which are units below U+FF21 but a code point above it.
    const texts = ["\u{1d4d0}", "\uff21", "b", "a", "ab", "", "\ue000", "\ud7ff", "\u{1f600}"];
    const expected = ["", "a", "ab", "b", "\ud7ff", "\ue000", "\uff21", "\u{1d4d0}", "\u{1f600}"];
    expect([...texts].sort(compareCodePoints)).toEqual(expected);
    expect([...texts].sort()).not.toEqual(expected);
  });

  it("agrees with itself", () => {
    expect(compareCodePoints("same", "same")).toBe(0);
    expect(compareCodePoints("😀", "😁")).toBeLessThan(0);
    expect(compareCodePoints("😁", "😀")).toBeGreaterThan(0);
  });
});

describe("one line", () => {
  it("shows breaks and tabs as marks", () => {
    expect(oneLine("a\r\nb\nc\td")).toBe("a ↵ b ↵ c ⇥ d");
  });

  it("is cut where no character is split", () => {
    const long = oneLine(`${"x".repeat(399)}😀 and more`);
    expect(long).toBe(`${"x".repeat(399)}…`);
  });
});

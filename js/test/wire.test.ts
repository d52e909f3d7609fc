import { describe, expect, it } from "vitest";
import { ClassifyPage, classifyHeader } from "../src/wire/classify";
import { encodeRows } from "./fake";
import { golden, goldenNames, viewAt } from "./golden";

describe.each(goldenNames)("golden case %s", (name) => {
  const { header, payload, rows } = golden(name);

  it.each([0, 1, 3, 4, 8])("decodes at byte offset %i of its buffer", (offset) => {
    const bytes = new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
    const page = ClassifyPage.read(header.sections, viewAt(bytes, offset));
    expect(page.count).toBe(rows.length);
    rows.forEach((expected, at) => {
      const { scores, ...row } = page.row(at);
      expect(row).toMatchObject({ position: at, index: expected.index, text: expected.text });
      expect(row).toMatchObject({ reason: expected.reason, clipped: expected.clipped, cut: expected.cut });
      if (expected.scores === null) {
        expect(row.best).toBe(-1);
        expect([...scores].every(Number.isNaN)).toBe(true);
      } else {
        expected.scores.forEach((score, label) => {
          expect(scores[label]).toBeCloseTo(score, 5);
        });
        expect(row.best).toBe(expected.scores.indexOf(Math.max(...expected.scores)));
      }
    });
  });

  it("slices without touching what it was cut from", () => {
    const page = ClassifyPage.read(header.sections, payload);
    const part = page.slice(3, 8);
    expect(part.count).toBe(5);
    for (let at = 0; at < 5; at++) expect(part.row(at)).toEqual(page.row(at + 3));
    expect(page.row(3).text).toBe(rows[3]?.text);
  });
});

describe("a result that cannot be read", () => {
  const { header, payload } = golden("single_label");

  it("names a version that is not ours", () => {
    expect(() => classifyHeader({ ...header, version: 2 })).toThrow(/another version/);
  });

  it("refuses a header of another kind", () => {
    expect(() => classifyHeader({ ...header, kind: "entities" })).toThrow(/not one of a classification/);
  });

  it("names a section that is missing", () => {
    const sections = header.sections.filter((section) => section.name !== "flags");
    expect(() => ClassifyPage.read(sections, payload)).toThrow(/"flags"/);
  });

  it("names a section of another type", () => {
    const sections = header.sections.map((section) =>
      section.name === "scores" ? { ...section, dtype: "float16" } : section,
    );
    expect(() => ClassifyPage.read(sections, payload)).toThrow(/float16/);
  });

  it("does not read beyond a buffer that is too short", () => {
    const short = new DataView(payload.buffer, payload.byteOffset, payload.byteLength - 8);
    expect(() => ClassifyPage.read(header.sections, short)).toThrow(/ends beyond/);
    expect(() => ClassifyPage.read(header.sections, null)).toThrow(/ends beyond/);
  });

  it("notices columns of different lengths", () => {
    const sections = header.sections.map((section) =>
      section.name === "flags" ? { ...section, nbytes: section.nbytes - 1 } : section,
    );
    expect(() => ClassifyPage.read(sections, payload)).toThrow(/differ in length/);
  });
});

it("reads what the test's own writer writes, and a page of no rows", () => {
  const row = {
    position: 5,
    index: "é",
    text: "👩‍👧",
    clipped: true,
    cut: false,
    pending: false,
    reason: null,
    scores: [0.25, 0.75],
  };
  const { sections, payload } = encodeRows([row], 2);
  const { scores, best, ...rest } = ClassifyPage.read(sections, payload).row(0);
  expect(rest).toEqual({ ...row, scores: undefined });
  expect([...scores]).toEqual([0.25, 0.75]);
  expect(best).toBe(1);
  const empty = encodeRows([], 2);
  expect(ClassifyPage.read(empty.sections, empty.payload).count).toBe(0);
});

import { describe, expect, it } from "vitest";
import { curvesOf, type Picture, PLACE_PX, svgOf } from "../src/views/linedrawing";

const EDGES = [
  { head: 1, from: 0, to: 2, weight: 0.25 },
  { head: 4, from: 0, to: 2, weight: 0.5 },
];

describe("curves", () => {
  it("go from the middle of one place to the middle of another, each head's beside the other's", () => {
    const [one, other] = curvesOf(EDGES, "linear", [1, 4], 100, { from: 0, to: PLACE_PX });
    expect(one?.path).toBe("M0 9.8C50 9.8 50 31.8 100 31.8");
    expect(other?.path).toBe("M0 12.3C50 12.3 50 34.3 100 34.3");
    expect([one?.strength, other?.strength]).toEqual([0.5, 1]);
    expect(one?.width).toBeLessThan(other?.width ?? 0);
  });
});

describe("the file", () => {
  const MARKUP = `<script>alert("1")</script>&'`;
  const picture: Picture = {
    title: `A & B <i>, layer 3`,
    height: 3 * PLACE_PX,
    width: 100,
    queries: [
      { text: MARKUP, top: 0, faint: false },
      { text: "\ud83d broken \u0000\u0008", top: PLACE_PX, faint: false },
      { text: "[SEP]", top: 2 * PLACE_PX, faint: true },
    ],
    keys: [
      { text: "مرحبا", top: 0, faint: false },
      { text: "猫", top: PLACE_PX, faint: false },
      { text: "x".repeat(80), top: 2 * PLACE_PX, faint: false },
    ],
    curves: curvesOf(EDGES, "linear", [1, 4], 100, { from: 0, to: 0 }),
    colours: { ink: "#111", paper: "#fff", of: () => 'red"/><script>' },
    legend: [{ name: "head 1", colour: "#0072b2" }],
  };
  const page = new DOMParser().parseFromString(svgOf(picture), "image/svg+xml");
  const texts = [...page.querySelectorAll("text")].map(({ textContent }) => textContent);

  it("is sound XML whose texts are texts", () => {
    expect(page.querySelector("parsererror")).toBeNull();
    expect(page.documentElement.tagName).toBe("svg");
    expect(page.querySelectorAll("script, foreignObject, image, a, style, use")).toHaveLength(0);
    expect(texts).toContain("A & B <i>, layer 3");
    expect(texts).toContain("猫");
    expect(svgOf(picture)).toContain("&lt;script&gt;alert(&quot;1");
    expect(svgOf(picture)).toContain("\ufffd·broken·\u2400\u2408");
  });

  it("holds a curve for each line, as strong as its weight, which it tells", () => {
    const curves = [...page.querySelectorAll("path")];
    expect(curves.map((curve) => curve.getAttribute("stroke-opacity"))).toEqual(["0.500", "1.000"]);
    expect(curves.map(({ textContent }) => textContent)).toEqual(["0.25", "0.5"]);
  });

  it("ends long tokens, and turns those that run from right to left", () => {
    expect(texts.find((text) => text?.startsWith("xxx"))).toBe(`${"x".repeat(25)}…`);
    const arabic = [...page.querySelectorAll("text")].find(({ textContent }) => textContent === "مرحبا");
    expect([arabic?.getAttribute("direction"), arabic?.getAttribute("text-anchor")]).toEqual(["rtl", "end"]);
  });

  it("asks for nothing from elsewhere", () => {
    expect(svgOf(picture).replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(
      /https?:|url\(|href/,
    );
  });
});

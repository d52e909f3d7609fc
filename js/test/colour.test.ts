import { describe, expect, it } from "vitest";
import goldenColours from "../../tests/golden/colours.json";
import { contrast, labelColours, luminance, parseColour, type Rgba } from "../src/colour";
import css from "../src/panel.css?raw";
import tokenCss from "../src/tokenize.css?raw";

const BACKGROUNDS = { light: "#ffffff", dark: "#15181d" };
const LABELS = [
  "blue",
  "orange",
  "green",
  "pink",
  "sky",
  "amber",
  "indigo",
  "teal",
  "brick",
  "olive",
  "grey",
  "none",
];

/** The custom properties of one theme, as the style sheet has them. */
function tokens(selector: string): Map<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`)).split("}")[0] ?? "";
  return new Map(
    [...block.matchAll(/--nbt-([a-z-]+): (#[0-9a-f]{6})/g)].map((found) => [found[1] ?? "", found[2] ?? ""]),
  );
}

function colour(text: string | undefined): Rgba {
  const parsed = parseColour(text ?? "");
  if (!parsed) throw new Error(`no colour: ${text}`);
  return parsed;
}

describe.each([
  ["light", ".nbt-live"],
  ["dark", '.nbt-live[data-theme="dark"]'],
] as const)("the %s palette", (theme, selector) => {
  const found = tokens(selector);
  const background = colour(BACKGROUNDS[theme]);

  it.each(LABELS)("%s stands out from the background", (name) => {
    expect(contrast(colour(found.get(name)), background)).toBeGreaterThan(3);
  });

  it.each(["plain-text", "muted", "plain-accent"])("%s is legible", (name) => {
    expect(contrast(colour(found.get(name)), background)).toBeGreaterThan(4.5);
  });
});

describe("text on a token's ground", () => {
  const tints = [...tokenCss.matchAll(/--tint: (\d+)%/g)].map((found) => Number(found[1]) / 100);
  const hues = [...tokenCss.matchAll(/--hue: var\(--nbt-([a-z]+)\)/g)].map((found) => found[1] ?? "");

  it.each([
    ["light", ".nbt-live"],
    ["dark", '.nbt-live[data-theme="dark"]'],
  ] as const)("is legible: %s", (theme, selector) => {
    const found = tokens(selector);
    const ground = colour(BACKGROUNDS[theme]);
    // The strong grounds of the dark theme are not those of the light one.
    const strongest = theme === "light" ? tints.filter((tint) => tint < 0.4) : tints;
    expect(hues.length).toBeGreaterThan(4);
    for (const hue of hues) {
      const full = colour(found.get(hue));
      for (const tint of strongest) {
        const mixed = full.map((channel, at) => channel * tint + (ground[at] ?? 0) * (1 - tint)) as Rgba;
        expect(contrast(colour(found.get("plain-text")), mixed)).toBeGreaterThan(4.5);
      }
    }
  });
});

describe("label colours", () => {
  it("follow the meaning of a name", () => {
    expect(labelColours(["negative", "neutral", "positive"])).toEqual(["orange", "grey", "green"]);
    expect(labelColours(["POS", "NEG"])).toEqual(["green", "orange"]);
    expect(labelColours(["1 star", "3 stars", "5 stars"])).toEqual(["brick", "grey", "teal"]);
  });

  it("do not give a meaning's colour to another label", () => {
    const colours = labelColours(["positive", "a", "b", "c", "d"]);
    expect(new Set(colours).size).toBe(5);
  });

  it("are the same every time, and go round when there are many", () => {
    const many = Array.from({ length: 77 }, (_, at) => `intent ${at}`);
    expect(labelColours(many)).toEqual(labelColours(many));
    expect(new Set(labelColours(many)).size).toBe(10);
  });
});

it("reads colours as browsers write them", () => {
  expect(parseColour("rgb(255, 0, 10)")).toEqual([255, 0, 10, 1]);
  expect(parseColour("rgba(0, 0, 0, 0)")).toEqual([0, 0, 0, 0]);
  expect(parseColour("rgb(1 2 3 / 0.5)")).toEqual([1, 2, 3, 0.5]);
  expect(parseColour("transparent")).toBeNull();
  expect(luminance([255, 255, 255, 1])).toBeCloseTo(1);
  expect(contrast([0, 0, 0, 1], [255, 255, 255, 1])).toBeCloseTo(21);
});

describe("the colours that the snapshot gives too", () => {
  it.each(goldenColours)("of $labels", ({ labels, colours }) => {
    expect(labelColours(labels)).toEqual(colours);
  });
});

// One colour a label: the same label has the same colour wherever it stands. The colours themselves are
// custom properties in panel.css, once for light and once for dark; here they only have names.

/** Hues told apart by colour-blind readers, after Okabe and Ito, darkened or lightened to stand out. */
export const PALETTE = [
  "blue",
  "orange",
  "green",
  "pink",
  "amber",
  "brick",
  "sky",
  "olive",
  "indigo",
  "teal",
];

/** Names that speak of good and bad have the colours that readers expect of them. */
const MEANINGS: [RegExp, string][] = [
  [/^(very|strongly|extremely)[ _-]?neg(ative)?$/, "brick"],
  [/^(very|strongly|extremely)[ _-]?pos(itive)?$/, "teal"],
  [/^(neg(ative)?|contradiction|refutes?)$/, "orange"],
  [/^(pos(itive)?|entailment|supports?)$/, "green"],
  [/^(neu(tral)?|mixed|none|other|unknown|not[ _-]enough[ _-]info)$/, "grey"],
  [/^1 stars?$/, "brick"],
  [/^2 stars$/, "orange"],
  [/^3 stars$/, "grey"],
  [/^4 stars$/, "green"],
  [/^5 stars$/, "teal"],
];

/** A colour name for every label. More labels than colours share them in turn: the name stands beside it always. */
export function labelColours(labels: readonly string[]): string[] {
  const meant = labels.map(meaning);
  const taken = new Set(meant);
  const free = PALETTE.filter((name) => !taken.has(name));
  const rest = free.length > 0 ? free : PALETTE;
  let next = 0;
  return meant.map((name) => {
    if (name !== null) return name;
    const colour = rest[next % rest.length] ?? "blue";
    next += 1;
    return colour;
  });
}

function meaning(label: string): string | null {
  const name = label.trim().toLowerCase();
  return MEANINGS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** A colour name for a thing with a number, such as a head: the same wherever its number stands. */
export function colourAt(number: number): string {
  return PALETTE[number % PALETTE.length] ?? "blue";
}

/** A colour name as a CSS value. */
export function cssColour(name: string): string {
  return `var(--nbt-${name})`;
}

/** Red, green and blue from 0 to 255, and alpha from 0 to 1. */
export type Rgba = [number, number, number, number];

/** What `getComputedStyle` writes, or a hexadecimal colour; null for what is neither. */
export function parseColour(text: string): Rgba | null {
  const hex = /^#([0-9a-f]{6})$/i.exec(text.trim())?.[1];
  if (hex) {
    const value = Number.parseInt(hex, 16);
    return [value >> 16, (value >> 8) & 255, value & 255, 1];
  }
  const inside = /^rgba?\(([^)]*)\)$/i.exec(text.trim())?.[1];
  const parts = inside?.split(/[\s,/]+/).map(Number.parseFloat);
  if (!parts || parts.length < 3 || parts.some(Number.isNaN)) return null;
  return [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0, parts[3] ?? 1];
}

/** Relative luminance, from 0 (black) to 1 (white), as WCAG defines it. */
export function luminance([red, green, blue]: Rgba): number {
  const linear = (channel: number) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** Contrast of two colours, from 1 to 21, as WCAG defines it. */
export function contrast(a: Rgba, b: Rgba): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

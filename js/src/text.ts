// Words and numbers, as people read them.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function formatCount(count: number): string {
  return whole.format(count);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A share of a whole: never "0%" for something, nor "100%" for not quite everything. */
export function formatShare(part: number, all: number): string {
  if (all <= 0 || part <= 0) return "0%";
  if (part >= all) return "100%";
  const percent = (100 * part) / all;
  if (percent < 0.1) return "<0.1%";
  if (percent > 99.9) return ">99.9%";
  return percent < 10 || percent > 99 ? `${percent.toFixed(1)}%` : `${Math.round(percent)}%`;
}

/** A probability. */
export function formatScore(score: number): string {
  return score.toFixed(3);
}

/** A number on an open scale: about three figures that matter. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return minus(value.toExponential(1));
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return minus(Number(value.toFixed(digits)) === 0 ? "0" : value.toFixed(digits));
}

/** A position, a distance or the number of a column: each with all of its figures. */
export function formatPlace(place: number): string {
  return minus(formatCount(place));
}

function minus(text: string): string {
  return text.replace(/^-/, "−");
}

/** "about 12 s left": coarse, since an estimate that flickers is worth less than one that holds. */
export function formatEta(seconds: number): string {
  if (seconds < 1) return "almost done";
  if (seconds < 60) return `about ${Math.ceil(seconds)} s left`;
  if (seconds < 3600) return `about ${Math.ceil(seconds / 60)} min left`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.ceil((seconds % 3600) / 60);
  return minutes > 0 && minutes < 60 ? `about ${hours} h ${minutes} min left` : `about ${hours} h left`;
}

/** Order by Unicode code point, as Python orders strings; JavaScript alone orders by UTF-16 unit. */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** A surrogate stands for a code point above every single unit, so it ranks above U+E000 to U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** More than fits any line; a cell need not carry a book. */
const LINE_LENGTH = 400;

/** A text on one line, with its line breaks and tabs shown as marks. */
export function oneLine(text: string): string {
  const line = text
    .slice(0, LINE_LENGTH)
    .replace(/\r\n|[\n\r\u2028\u2029]/g, " ↵ ")
    .replace(/\t/g, " ⇥ ");
  if (text.length <= LINE_LENGTH) return line;
  // Do not end on half of a character.
  return `${line.replace(/[\ud800-\udbff]$/, "")}…`;
}

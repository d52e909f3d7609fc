// Python counts a text in code points, JavaScript in UTF-16 units: from the one to the other.
import { firstFrom } from "../sorted";

/** A text, or a stretch of one, addressed by code points of the whole text. */
export class CodePoints {
  readonly text: string;
  /** The code points [first, last) of the whole text are here. */
  readonly first: number;
  readonly last: number;
  /** Places, in code points from `first`, of the characters that take two units. */
  readonly #wide: number[] = [];
  #graphemes: Intl.Segments | null = null;

  constructor(text: string, first = 0) {
    this.text = text;
    this.first = first;
    for (const found of text.matchAll(/[\ud800-\udbff][\udc00-\udfff]/g)) {
      this.#wide.push(found.index - this.#wide.length);
    }
    this.last = first + text.length - this.#wide.length;
  }

  /** The place of a code point in `text`, in UTF-16 units; outside of the stretch, its nearer end. */
  unit(codePoint: number): number {
    const place = codePoint - this.first;
    if (place <= 0) return 0;
    if (codePoint >= this.last) return this.text.length;
    return place + firstFrom(this.#wide, place);
  }

  /** The code points [start, stop), as far as they are here. */
  slice(start: number, stop: number): string {
    return this.text.slice(this.unit(start), this.unit(stop));
  }

  /** Whether what one reads as a character begins at a code point: not so inside of "é" written as two, or of 👩‍👧. */
  isBoundary(codePoint: number): boolean {
    const at = this.unit(codePoint);
    if (at === 0 || at >= this.text.length) return true;
    if (this.text.charCodeAt(at - 1) < FIRST_MARK && this.text.charCodeAt(at) < FIRST_MARK) return true;
    this.#graphemes ??= segmenter?.segment(this.text) ?? null;
    if (this.#graphemes) return this.#graphemes.containing(at)?.index === at;
    return (
      !/^[\p{M}\p{Emoji_Modifier}\u200d]/u.test(this.text.slice(at, at + 2)) && this.text[at - 1] !== "\u200d"
    );
  }
}

/** Below the first combining mark, every code point is a character. */
const FIRST_MARK = 0x300;
const segmenter = typeof Intl.Segmenter === "function" ? new Intl.Segmenter() : null;

// What a page of rows has on every wire (panels/rows.py): place, name, text, and why a row has no result.
// A kind whose rows are more than texts adds its own columns: its page is a `RowPage`.
import { checkLengths, type Page, type Section, Sections, type Strings } from "./sections";

const FLAG_CLIPPED = 1;
const FLAG_CUT = 2;
const FLAG_PENDING = 4;

export interface TextRow {
  /** The row's number in the input, from 0. */
  position: number;
  /** Its index label, as the user's DataFrame names it. */
  index: string;
  text: string;
  /** `text` is only the beginning: the kernel holds the whole. */
  clipped: boolean;
  /** The model read only the beginning of the text. */
  cut: boolean;
  /** The work goes on, and has not come to this row. */
  pending: boolean;
  /** Why there is no result. */
  reason: string | null;
}

export class TextPage implements Page<TextRow> {
  readonly count: number;
  readonly position: Uint32Array;
  readonly #reason: Uint8Array;
  readonly #flags: Uint8Array;
  readonly #texts: Strings;
  readonly #index: Strings;
  readonly #reasons: Strings;

  static read(sections: readonly Section[], payload: DataView | null): TextPage {
    return TextPage.of(new Sections(sections, payload));
  }

  static of(read: Sections): TextPage {
    const strings = [read.strings("texts"), read.strings("index"), read.strings("reasons")] as const;
    return new TextPage(read.uint32("position"), read.uint8("reason"), read.uint8("flags"), ...strings);
  }

  private constructor(
    position: Uint32Array,
    reason: Uint8Array,
    flags: Uint8Array,
    texts: Strings,
    index: Strings,
    reasons: Strings,
  ) {
    this.count = position.length;
    this.position = position;
    this.#reason = reason;
    this.#flags = flags;
    this.#texts = texts;
    this.#index = index;
    this.#reasons = reasons;
    checkLengths(this.count, [reason.length, flags.length, texts.length, index.length]);
  }

  slice(start: number, stop: number): TextPage {
    return new TextPage(
      this.position.subarray(start, stop),
      this.#reason.subarray(start, stop),
      this.#flags.subarray(start, stop),
      this.#texts.slice(start, stop),
      this.#index.slice(start, stop),
      this.#reasons,
    );
  }

  text(at: number): string {
    return this.#texts.at(at);
  }

  index(at: number): string {
    return this.#index.at(at);
  }

  hasReason(at: number): boolean {
    return (this.#reason[at] ?? 0) > 0;
  }

  row(at: number): TextRow {
    const flags = this.#flags[at] ?? 0;
    const reason = this.#reason[at] ?? 0;
    return {
      position: this.position[at] ?? 0,
      index: this.index(at),
      text: this.text(at),
      clipped: (flags & FLAG_CLIPPED) !== 0,
      cut: (flags & FLAG_CUT) !== 0,
      pending: (flags & FLAG_PENDING) !== 0,
      reason: reason > 0 ? this.#reasons.at(reason - 1) : null,
    };
  }
}

/** Rows that are texts, and more. */
export abstract class RowPage<R extends TextRow> implements Page<R> {
  readonly count: number;
  readonly position: Uint32Array;
  protected readonly rows: TextPage;
  readonly #made: R[] = [];

  protected constructor(rows: TextPage) {
    this.count = rows.count;
    this.position = rows.position;
    this.rows = rows;
  }

  protected abstract make(at: number): R;

  abstract slice(start: number, stop: number): RowPage<R>;

  /** One object a row, however often it is drawn: what is asked for a row is asked once. */
  row(at: number): R {
    let row = this.#made[at];
    if (row === undefined) {
      row = this.make(at);
      this.#made[at] = row;
    }
    return row;
  }

  text(at: number): string {
    return this.rows.text(at);
  }

  index(at: number): string {
    return this.rows.index(at);
  }

  /** Whether there is a reason in the place of a result. */
  hasReason(at: number): boolean {
    return this.rows.hasReason(at);
  }
}

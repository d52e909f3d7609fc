// Entities on the wire: texts, and spans of them.
import { checkHeader, checkLengths, type Header, type Section, Sections, WireError } from "./sections";
import { RowPage, TextPage, type TextRow } from "./texts";

export interface EntitiesHeader extends Header {
  kind: "entities";
  /** What a span can be. */
  types: string[];
  /** How many spans of each type there are. */
  counts: number[];
}

/** A span of a text: code points [start, stop), the number of its type, and its score. */
export interface Entity {
  start: number;
  stop: number;
  type: number;
  score: number;
}

export interface EntityRow extends TextRow {
  /** Spans of the whole text. */
  count: number;
  /** Those in the part of it that is here, in their order; no two share a character. */
  entities: Entity[];
}

/** A token with the label that the model gives it. */
export interface TaggedToken {
  piece: string;
  label: string;
  score: number;
  /** A word begins with it. */
  begins: boolean;
}

/** The spans of any rows, one behind the other. */
class Spans {
  readonly length: number;
  readonly type: Uint32Array;
  readonly #start: Uint32Array;
  readonly #stop: Uint32Array;
  readonly #score: Float32Array;

  constructor(read: Sections) {
    this.type = read.uint32("type");
    this.#start = read.uint32("start");
    this.#stop = read.uint32("stop");
    this.#score = read.float32("score");
    this.length = this.type.length;
    checkLengths(this.length, [this.#start.length, this.#stop.length, this.#score.length]);
  }

  between(first: number, last: number): Entity[] {
    return Array.from({ length: last - first }, (_, at) => ({
      start: this.#start[first + at] ?? 0,
      stop: this.#stop[first + at] ?? 0,
      type: this.type[first + at] ?? 0,
      score: this.#score[first + at] ?? Number.NaN,
    }));
  }
}

/** All spans of one text, as the question `spans` is answered. */
export function readEntities(sections: readonly Section[], payload: DataView | null): Entity[] {
  const spans = new Spans(new Sections(sections, payload));
  return spans.between(0, spans.length);
}

/** Some tokens of one text, as the question `tokens` is answered. */
export function readTokens(sections: readonly Section[], payload: DataView | null): TaggedToken[] {
  const read = new Sections(sections, payload);
  const [label, score, begins] = [read.uint32("label"), read.float32("score"), read.uint8("begins")];
  const [pieces, labels] = [read.strings("pieces"), read.strings("labels")];
  checkLengths(label.length, [score.length, begins.length, pieces.length]);
  return Array.from(label, (number, at) => ({
    piece: pieces.at(at),
    label: labels.at(number),
    score: score[at] ?? Number.NaN,
    begins: begins[at] === 1,
  }));
}

export class EntityPage extends RowPage<EntityRow> {
  readonly #counts: Uint32Array;
  /** Where the spans of each row begin, and one more. */
  readonly #found: Uint32Array;
  readonly #spans: Spans;

  static read(sections: readonly Section[], payload: DataView | null): EntityPage {
    const read = new Sections(sections, payload);
    const rows = TextPage.of(read);
    return new EntityPage(rows, read.uint32("count"), read.uint32("found"), new Spans(read));
  }

  private constructor(rows: TextPage, counts: Uint32Array, found: Uint32Array, spans: Spans) {
    super(rows);
    this.#counts = counts;
    this.#found = found;
    this.#spans = spans;
    checkLengths(this.count, [counts.length, found.length - 1]);
    if ((found[this.count] ?? 0) > spans.length) throw new WireError("The result arrived incomplete.");
  }

  slice(start: number, stop: number): EntityPage {
    return new EntityPage(
      this.rows.slice(start, stop),
      this.#counts.subarray(start, stop),
      this.#found.subarray(start, stop + 1),
      this.#spans,
    );
  }

  /** Spans of a row's whole text; NaN where nothing is known of it. */
  entities(at: number): number {
    const { reason, pending } = this.rows.row(at);
    return reason === null && !pending ? (this.#counts[at] ?? 0) : Number.NaN;
  }

  has(at: number, type: number): boolean {
    return this.#spans.type.subarray(this.#found[at], this.#found[at + 1]).includes(type);
  }

  protected make(at: number): EntityRow {
    return {
      ...this.rows.row(at),
      count: this.#counts[at] ?? 0,
      entities: this.#spans.between(this.#found[at] ?? 0, this.#found[at + 1] ?? 0),
    };
  }
}

export function entitiesHeader(header: Record<string, unknown>): EntitiesHeader {
  return checkHeader(header, ["entities"], ["types", "sections"], "entities");
}

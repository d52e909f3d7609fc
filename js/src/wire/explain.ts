// An explanation on the wire: what each method says of each token, and the words that the tokens make.
import { checkHeader, checkLengths, type Header, Sections } from "./sections";

export interface Target {
  kind: "label" | "span" | "answer" | "next" | "mask";
  name: string;
  /** What Python is asked with to have it explained. */
  asked: string;
  logit: number;
  probability: number | null;
}

export interface MethodFacts {
  name: string;
  title: string;
  /** What there is to say of its completeness. */
  told: string;
  /** What the tokens are compared with; empty for nothing. */
  baseline: string;
}

export interface ExplainHeader extends Header {
  kind: "explain";
  target: Target;
  /** What else can be explained, the likeliest first. */
  targets: Target[];
  methods: MethodFacts[];
  /** The name and the title of every method that there is. */
  known: [string, string][];
  /** Whether the kernel can explain another target, or by other methods. */
  again: boolean;
  /** How many explanations can be gone back to. */
  depth: number;
}

export function explainHeader(header: Record<string, unknown>): ExplainHeader {
  return checkHeader(header, ["explain"], ["targets", "methods", "known"], "an explanation");
}

/** A word, or a token. */
export interface Unit {
  /** The text between it and the one before. */
  before: string;
  /** Its own text; empty for a special token, and where another token has it already. */
  text: string;
  /** What it is called where it is named. */
  name: string;
  special: boolean;
  /** The second text of a pair. */
  second: boolean;
  /** The number of its first token, and of the first behind it. */
  tokens: readonly [start: number, stop: number];
  /** What each method says of it. */
  values: number[];
}

const SPECIAL = 1;
const SECOND = 4;

/** An explanation by words, and by tokens. */
export class Explained {
  readonly words: readonly Unit[];
  readonly tokens: readonly Unit[];

  constructor({ sections, methods, rows }: ExplainHeader, payload: DataView | null) {
    const read = new Sections(sections, payload);
    const [shown, before, pieces] = [read.strings("shown"), read.strings("before"), read.strings("pieces")];
    const called = new Map(Array.from(read.uint32("unseen"), (token, at) => [token, pieces.at(at)]));
    const [flags, values, first] = [read.uint8("flags"), read.float32("values"), read.uint32("words")];
    checkLengths(rows, [shown.length, before.length, flags.length]);
    checkLengths(rows * methods.length, [values.length]);
    const unit = (start: number, stop: number): Unit => {
      let text = shown.at(start);
      for (let at = start + 1; at < stop; at++) text += before.at(at) + shown.at(at);
      const flag = flags[start] ?? 0;
      return {
        before: before.at(start),
        text,
        name: text || (called.get(start) ?? ""),
        special: (flag & SPECIAL) > 0,
        second: (flag & SECOND) > 0,
        tokens: [start, stop],
        values: methods.map((_, method) => sum(values.subarray(method * rows + start, method * rows + stop))),
      };
    };
    this.tokens = Array.from({ length: rows }, (_, at) => unit(at, at + 1));
    this.words = Array.from({ length: first.length - 1 }, (_, at) =>
      unit(first[at] ?? 0, first[at + 1] ?? 0),
    );
  }
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}

// A stretch of text with its tokens, as it is drawn: what is between tokens, tokens over text, tokens without text.
import { CONTINUES, CUT, NO_OFFSETS, SPECIAL, type Tokens } from "../wire/tokenize";
import type { CodePoints } from "./codepoints";

/** Tokens that follow each other, and the text that they stand on. */
export interface Part {
  tokens: Tokens;
  /** The number of the first within its text. */
  first: number;
  text: CodePoints;
}

/** Text that no token stands on: a tokenizer has dropped it. */
export interface Gap {
  kind: "gap";
  text: string;
}

/** One token over its text; or several that share a character, which is then shown once. */
export interface Group {
  kind: "group";
  first: number;
  count: number;
  text: string;
  /** Code points [start, stop). */
  start: number;
  stop: number;
  word: number;
  /** The flags of all its tokens together. */
  flags: number;
  /** Every second piece of a word. */
  odd: boolean;
}

/** A token that stands on no text. */
export interface Mark {
  kind: "mark";
  first: number;
  piece: string;
  flags: number;
}

/** Here the model stops reading. */
export interface Limit {
  kind: "limit";
  /** The number of the token that it stands before. */
  first: number;
}

export type Segment = Gap | Group | Mark | Limit;

/**
 * The segments of some tokens, in the order of the text.
 *
 * `from` and `to` are the code points where the drawn text begins and ends: null is with the first token, or the
 * last. `before` is the flags of the token before these, null for none.
 */
export function segmentsOf(
  parts: readonly Part[],
  from: number | null,
  to: number | null,
  before: number | null,
): Segment[] {
  const segments: Segment[] = [];
  const fill = (text: CodePoints, start: number, stop: number) => {
    const gap = stop > start ? text.slice(start, stop) : "";
    if (gap !== "") segments.push({ kind: "gap", text: gap });
  };
  let open: { group: Group; text: CodePoints } | null = null;
  let at = from ?? Number.POSITIVE_INFINITY;
  let cut = before === null || before & SPECIAL ? null : (before & CUT) !== 0;
  let odd = false;
  for (const { tokens, first, text } of parts) {
    for (let token = 0; token < tokens.count; token++) {
      const [start, stop, flags] = [tokens.start(token), tokens.stop(token), tokens.flags(token)];
      const nowhere = (flags & NO_OFFSETS) !== 0 || stop <= start;
      if (!nowhere && open && joins(open.group, start, flags, text)) {
        const { group } = open;
        group.count += 1;
        group.stop = Math.max(group.stop, stop);
        group.flags |= flags & ~CONTINUES;
        group.text = open.text.slice(group.start, group.stop);
        if (group.word < 0) group.word = tokens.word(token);
        at = Math.max(at, group.stop);
        continue;
      }
      open = null;
      if (!nowhere) {
        fill(text, Math.max(at, text.first), start);
        at = at === Number.POSITIVE_INFINITY ? stop : Math.max(at, stop);
      }
      if ((flags & SPECIAL) === 0) {
        const isCut = (flags & CUT) !== 0;
        if (cut !== null && cut !== isCut) segments.push({ kind: "limit", first: first + token });
        cut = isCut;
      }
      if (nowhere) {
        segments.push({ kind: "mark", first: first + token, piece: tokens.piece(token), flags });
        continue;
      }
      odd = (flags & CONTINUES) !== 0 && !odd;
      const group: Group = {
        kind: "group",
        first: first + token,
        count: 1,
        text: text.slice(start, stop),
        start,
        stop,
        word: tokens.word(token),
        flags,
        odd,
      };
      segments.push(group);
      open = { group, text };
    }
  }
  const last = parts.at(-1);
  if (last && to !== null) fill(last.text, Math.max(at, last.text.first), to);
  return segments;
}

/** Tokens share a character when they overlap, or when they part what one reads as one. */
function joins(group: Group, start: number, flags: number, text: CodePoints): boolean {
  if ((group.flags | flags) & SPECIAL) return false;
  return start < group.stop || (start === group.stop && start > text.first && !text.isBoundary(start));
}

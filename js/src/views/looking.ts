// What every view of an attention result is given: the reading, where one looks, and the way to ask for more.
import type { Kept } from "../rows/answers";
import type { Asker } from "../rows/attentiontiles";
import type { PartFacts, Reading } from "../wire/attention";

/** How weights are turned into colours: as they are, by their logarithm, or each row by its own greatest. */
export type Scale = "linear" | "log" | "row";

/** Where one looks, shared by all views. */
export interface Look {
  part: PartFacts;
  layer: number;
  head: number;
  /** Heads of `layer` that are shown together, `head` among them. */
  heads: readonly number[];
  /** A query token that is kept, by its position. */
  pinned: number | null;
  /** The key token that its steps lead to, by its position; null for the heaviest. */
  key: number | null;
  scale: Scale;
  hideSpecial: boolean;
  /** Tokens of one word are shown as one. */
  words: boolean;
}

/** Asks the kernel; rejects with a line to show, or with an AbortError. */
export type Ask = Asker;

export interface ViewProps {
  reading: Reading;
  look: Look;
  /** What follows from a change is set with it: another layer or part keeps no head that it has not. */
  setLook(change: Partial<Look>): void;
  ask: Ask;
  /** Answers by their question, for as long as the result is shown. */
  kept: Kept;
}

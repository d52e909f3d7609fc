// Answers and filled masks from their golden files.
import answers from "../../tests/golden/answer.json";
import filled from "../../tests/golden/fill.json";
import type { Section } from "../src/wire/sections";
import { viewAt } from "./golden";

export interface GoldenAnswers {
  header: Record<string, unknown> & { sections: Section[] };
  payload_base64: string;
  rows: Record<string, unknown>[];
  queries: { params: Record<string, unknown>; total: number; positions: number[] }[];
}

export const ANSWERS = answers as unknown as Record<"own" | "shared" | "asked", GoldenAnswers>;
export const FILLED = filled.masks as unknown as GoldenAnswers;

export function payloadOf({ payload_base64 }: GoldenAnswers, offset = 0): DataView {
  return viewAt(
    Uint8Array.from(atob(payload_base64), (character) => character.charCodeAt(0)),
    offset,
  );
}

/** What a widget has of a golden case. */
export function traitsOf(kind: "answer" | "fill", golden: GoldenAnswers) {
  return { kind, header: golden.header, payload: payloadOf(golden) };
}

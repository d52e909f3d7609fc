// The file that both ends of the wire are held to.
import file from "../../tests/golden/classify.json";
import type { ClassifyQuery } from "../src/query/classify";
import type { ClassifyHeader } from "../src/wire/classify";

export interface GoldenCase {
  header: ClassifyHeader & Record<string, unknown>;
  payload: DataView;
  rows: {
    index: string;
    text: string;
    reason: string | null;
    clipped: boolean;
    cut: boolean;
    scores: number[] | null;
  }[];
  queries: { params: ClassifyQuery & { start: number; stop: number }; total: number; positions: number[] }[];
}

type Stored = Omit<GoldenCase, "payload"> & { payload_base64: string };

const stored = file as unknown as Record<string, Stored>;

export const goldenNames = Object.keys(stored);

export function golden(name: string): GoldenCase {
  const found = stored[name];
  if (!found) throw new Error(`no golden case ${name}`);
  const { payload_base64: encoded, ...rest } = found;
  return {
    ...rest,
    payload: viewAt(
      Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)),
      0,
    ),
  };
}

/** The same bytes at any distance from the beginning of their buffer. */
export function viewAt(bytes: Uint8Array, offset: number): DataView {
  const buffer = new ArrayBuffer(bytes.length + offset + 5);
  new Uint8Array(buffer).set(bytes, offset);
  return new DataView(buffer, offset, bytes.length);
}

// The files that both ends of the wire are held to, one a kind.
import file from "../../tests/golden/classify.json";
import generateFile from "../../tests/golden/generate.json";
import tokenizeFile from "../../tests/golden/tokenize.json";
import type { ClassifyQuery } from "../src/query/classify";
import type { GenerateQuery } from "../src/query/generate";
import type { TokenizeQuery } from "../src/query/tokenize";
import type { ClassifyHeader } from "../src/wire/classify";
import type { GenerateHeader } from "../src/wire/generate";
import type { TokenizeHeader } from "../src/wire/tokenize";
import type { FakeToken } from "./faketokens";

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

export interface GoldenTokens {
  header: TokenizeHeader & Record<string, unknown>;
  payload: DataView;
  rows: {
    index: string;
    text: string;
    whole_text: string;
    reason: string | null;
    clipped: boolean;
    /** `all` only where not all tokens travel. */
    tokenizers: { count: number; cut: number; tokens: FakeToken[]; all?: FakeToken[] }[];
  }[];
  queries: { params: TokenizeQuery & { start: number; stop: number }; total: number; positions: number[] }[];
}

export interface GoldenGenerated {
  header: GenerateHeader & Record<string, unknown>;
  payload: DataView;
  rows: {
    index: string;
    text: string;
    reason: string | null;
    ending: number;
    pieces: string[];
    probabilities: number[];
  }[];
  queries: { params: GenerateQuery & { start: number; stop: number }; total: number; positions: number[] }[];
}

type Stored<Case> = Omit<Case, "payload"> & { payload_base64: string };

const stored = file as unknown as Record<string, Stored<GoldenCase>>;
const storedTokens = tokenizeFile as unknown as Record<string, Stored<GoldenTokens>>;

export const goldenNames = Object.keys(stored);
export const goldenTokenNames = Object.keys(storedTokens);

export function golden(name: string): GoldenCase {
  return unpacked(stored, name);
}

export function goldenTokens(name: string): GoldenTokens {
  return unpacked(storedTokens, name);
}

export function goldenGenerated(): GoldenGenerated {
  return unpacked(generateFile as unknown as Record<string, Stored<GoldenGenerated>>, "prompts");
}

function unpacked<Case>(cases: Record<string, Stored<Case>>, name: string) {
  const found = cases[name];
  if (!found) throw new Error(`no golden case ${name}`);
  const { payload_base64: encoded, ...rest } = found;
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  return { ...rest, payload: viewAt(bytes, 0) };
}

/** The same bytes at any distance from the beginning of their buffer. */
export function viewAt(bytes: Uint8Array, offset: number): DataView {
  const buffer = new ArrayBuffer(bytes.length + offset + 5);
  new Uint8Array(buffer).set(bytes, offset);
  return new DataView(buffer, offset, bytes.length);
}

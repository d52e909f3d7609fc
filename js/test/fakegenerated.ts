// One prompt and what was written for it, as Python sends it.
import { pack, stringTable } from "./fake";
import { goldenGenerated } from "./golden";

export type FakeWritten = readonly [piece: string, probability: number];

export function generated(
  tokens: readonly FakeWritten[],
  change: Record<string, unknown> = {},
  prompt = "Why?",
  /** Tokens that did not come along. */
  left = 0,
): Record<string, unknown> {
  const { sections, payload } = pack([
    ["position", Uint32Array.of(0), [1]],
    ["reason", Uint8Array.of(0), [1]],
    ["flags", Uint8Array.of(0), [1]],
    ...stringTable("texts", [prompt]),
    ...stringTable("index", ["0"]),
    ...stringTable("reasons", []),
    ["tokens", Uint32Array.of(tokens.length + left), [1]],
    ["mean", Float32Array.of(tokens.reduce((sum, [, p]) => sum + p, 0) / tokens.length), [1]],
    ["ending", Uint8Array.of(change.partial ? 0 : 1), [1]],
    ["rows", Uint32Array.of(0, tokens.length), [2]],
    ["probabilities", Float32Array.from(tokens, ([, p]) => p), [tokens.length]],
    ...stringTable(
      "pieces",
      tokens.map(([piece]) => piece),
    ),
  ]);
  const header = { ...goldenGenerated().header, rows: 1, notes: [], branches: true, ...change, sections };
  return { kind: "generate", header, payload };
}

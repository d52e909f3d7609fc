import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Channel } from "../src/channel";
import { Host } from "../src/host";
import type { Segment } from "../src/tokens/segments";
import { CHUNK, TokenStore } from "../src/tokens/store";
import { TokenPage } from "../src/wire/tokenize";
import { FakeModel } from "./fake";
import { encodeTexts, type FakeToken, FakeTokenKernel, fakeTexts, TOYS } from "./faketokens";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

type Toy = keyof typeof TOYS;

/** The store of one text, of which only so much has arrived, with a kernel that has the rest. */
function storeOf(text: string, toy: Toy, travel: { tokens?: number; characters?: number } = {}) {
  const texts = fakeTexts([text], [TOYS[toy]]);
  const { sections, payload } = encodeTexts(texts, 1, travel);
  const model = new FakeModel({});
  const kernel = new FakeTokenKernel(model, texts, 1, travel);
  model.onSend = (message) => kernel.answer(message);
  const row = TokenPage.read(sections, payload).row(0);
  const store = new TokenStore(new Channel(new Host(model)), row, 0);
  const settle = () => vi.advanceTimersByTimeAsync(100);
  return { store, model, settle, tokens: texts[0]?.tokens[0] ?? [] };
}

const shownText = (segments: Segment[] | null) =>
  (segments ?? [])
    .map((segment) => (segment.kind === "gap" || segment.kind === "group" ? segment.text : ""))
    .join("");

const numbersOf = (segments: Segment[] | null) =>
  (segments ?? []).flatMap((segment) => {
    if (segment.kind === "group") return Array.from({ length: segment.count }, (_, at) => segment.first + at);
    return segment.kind === "mark" ? [segment.first] : [];
  });

const LINES = Array.from(
  { length: 300 },
  (_, at) => `Line ${at}: unbelievable words — 电影 🎬 cafe\u0301.\n\n  `,
).join("");
const ONE_LINE = LINES.replaceAll("\n", " ");

describe.each(["wordpiece", "bytes", "pieces"] as const)("a long text by %s", (toy) => {
  it.each([
    ["lines", LINES],
    ["one line", ONE_LINE],
  ])("loses nothing between its blocks: %s", (_, text) => {
    const { store, tokens, model } = storeOf(text, toy);
    const blocks = Array.from({ length: store.chunks }, (_, chunk) => store.block(chunk));
    expect(store.chunks).toBe(Math.ceil(tokens.length / CHUNK));
    expect(blocks.map(shownText).join("")).toBe(text);
    expect(blocks.flatMap(numbersOf)).toEqual(tokens.map((_, at) => at));
    expect(model.sent).toHaveLength(0);
  });

  it("is the same when its tokens come over the channel", async () => {
    const { store, tokens, settle } = storeOf(LINES, toy, { tokens: 300, characters: 500 });
    for (let chunk = 0; chunk < store.chunks; chunk += 4) {
      store.want(chunk, chunk + 3);
      await settle();
    }
    const blocks = Array.from({ length: store.chunks }, (_, chunk) => store.block(chunk));
    expect(blocks.flatMap(numbersOf)).toEqual(tokens.map((_, at) => at));
    for (const at of [0, 255, 256, 1000, tokens.length - 1]) {
      const { bytes: hex, ...expected } = tokens[at] as FakeToken;
      expect(store.facts(at)).toMatchObject({ ...expected, hex });
      expect(store.facts(at)?.text).toBe([...LINES].slice(expected.start, expected.stop).join(""));
    }
  });
});

describe("blocks", () => {
  it("begin at lines where the text has lines", () => {
    const { store } = storeOf(LINES, "bytes");
    for (let chunk = 1; chunk < store.chunks; chunk++) {
      expect(shownText(store.block(chunk - 1)).endsWith("\n")).toBe(true);
    }
  });

  it("of a short text is one, whatever its lines", () => {
    expect(storeOf("a b\n".repeat(200), "bytes").store.chunks).toBe(1);
    expect(storeOf("", "bytes").store.chunks).toBe(0);
  });
});

describe("tokens in the kernel", () => {
  it("are asked for when they come into sight, once", async () => {
    const { store, model, settle } = storeOf(LINES, "bytes", { tokens: 300, characters: 2000 });
    const changed = vi.fn();
    store.subscribe(changed);
    store.want(0, 0);
    expect(model.sent.map(({ params }) => params)).toEqual([
      { position: 0, tokenizer: 0, start: CHUNK, stop: 2 * CHUNK },
    ]);
    // Of the second chunk only the beginning is here, of the third nothing.
    expect(numbersOf(store.block(1)).at(-1)).toBe(299);
    expect(store.facts(300)).toBeUndefined();
    expect(store.block(2)).toBeNull();
    await settle();
    expect(changed).toHaveBeenCalled();
    expect(store.facts(2 * CHUNK - 1)).toBeDefined();
    store.want(0, 0);
    await settle();
    expect(model.sent).toHaveLength(1);
  });

  it("that do not come say so, and are asked for again on request", async () => {
    const { store, model, settle } = storeOf(LINES, "bytes", { tokens: 300, characters: 2000 });
    model.onSend = ({ id }) => model.receive({ type: "reply", id, ok: false, error: "The result is gone." });
    store.want(3, 3);
    await settle();
    expect(store.notice).toEqual({ message: "The result is gone.", retry: true });
    model.onSend = () => {};
    store.retry();
    expect(store.notice).toBeNull();
    store.dispose();
    expect(model.sent.at(-1)?.type).toBe("cancel");
  });
});

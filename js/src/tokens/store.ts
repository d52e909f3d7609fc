// The tokens of one text by one tokenizer, in chunks: those on the wire at once, the others when they come into sight.
import type { Channel } from "../channel";
import { Pager } from "../rows/pager";
import { keepNewest } from "../rows/remote";
import { Listeners, type Notice } from "../rows/source";
import type { Section } from "../wire/sections";
import { NO_OFFSETS, readTokenSlice, type TokenRow, type Tokens } from "../wire/tokenize";
import { CodePoints } from "./codepoints";
import { type Part, type Segment, segmentsOf } from "./segments";

/** Tokens a chunk: a screen or two. */
export const CHUNK = 256;
/** So many are drawn at once, as one chunk whose lines break where they would anyway. */
const WHOLE = 1_024;
/** Chunks kept, least recently seen dropped first. */
const CHUNKS_KEPT = 64;

interface TokensResult {
  total: number;
  sections: Section[];
  text_start: number;
}

/** All that is known of one token. */
export interface TokenFacts {
  number: number;
  id: number;
  piece: string;
  hex: string;
  /** Code points [start, stop). */
  start: number;
  stop: number;
  word: number;
  flags: number;
  text: string;
}

export class TokenStore {
  /** All tokens of the text. */
  readonly total: number;
  /** Chunks, of which each is drawn as one block. */
  readonly chunks: number;
  readonly #row: TokenRow;
  readonly #text: CodePoints;
  readonly #local: Tokens;
  readonly #size: number;
  readonly #fetched = new Map<number, Part>();
  readonly #listeners = new Listeners();
  readonly #pager: Pager<Part>;

  /** Without a channel nobody can be asked yet: the work goes on. */
  constructor(channel: Channel | null, row: TokenRow, tokenizer: number) {
    const tokenized = row.tokenized[tokenizer];
    if (!tokenized) throw new RangeError(`The row has no tokenizer ${tokenizer}.`);
    const { count, tokens } = tokenized;
    this.#row = row;
    this.#text = new CodePoints(row.text);
    this.#local = row.clipped ? tokens.slice(0, within(tokens, this.#text.last)) : tokens;
    this.total = count;
    this.#size = count <= WHOLE ? WHOLE : CHUNK;
    this.chunks = Math.ceil(count / this.#size);
    this.#pager = new Pager({
      has: (chunk) => this.#touch(chunk),
      ask: async (chunk, signal) => {
        if (!channel) throw new Error("The other tokens come when the cell ends.");
        const start = chunk * this.#size;
        const stop = Math.min(count, start + this.#size);
        const params = { position: row.position, tokenizer, start, stop };
        const options = { signal, timeoutMs: Number.POSITIVE_INFINITY };
        const { result, buffers } = await channel.request<TokensResult>("tokens", params, options);
        const { tokens, text } = readTokenSlice(result.sections, buffers[0] ?? null);
        return { tokens, first: start, text: new CodePoints(text, result.text_start) };
      },
      keep: (chunk, part) => keepNewest(this.#fetched, chunk, part, CHUNKS_KEPT),
      changed: () => this.#listeners.tell(),
    });
  }

  get notice(): Notice | null {
    return this.#pager.notice;
  }

  /** The chunk that a token is in. */
  chunkOf(token: number): number {
    return Math.floor(token / this.#size);
  }

  /** Tell that the chunks first to last are in sight; the one before and after them are needed for their ends. */
  want(first: number, last: number): void {
    this.#pager.want(Math.max(0, first), Math.min(this.chunks - 1, last + 1));
  }

  retry(): void {
    this.#pager.retry();
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  dispose(): void {
    this.#pager.dispose();
  }

  /** What to draw of a chunk, null while it is on its way. A block begins and ends at a line's end, if it can. */
  block(chunk: number): Segment[] | null {
    const begin = this.#beginOf(chunk);
    const end = this.#beginOf(chunk + 1);
    const parts = [
      this.#partOf(chunk, begin.token, end.token),
      this.#partOf(chunk + 1, begin.token, end.token),
    ];
    if (!parts[0]) return null;
    const shown = parts.filter((part) => part !== null);
    const before = this.facts(begin.token - 1)?.flags ?? null;
    return segmentsOf(shown, begin.at, end.at, before);
  }

  /** What decides how a chunk is drawn: when this changes, it is drawn again. */
  state(chunk: number): string {
    return [chunk - 1, chunk, chunk + 1].map((at) => this.#chunk(at)?.tokens.count ?? 0).join(" ");
  }

  /** Undefined while the token is on its way. */
  facts(token: number): TokenFacts | undefined {
    const part = token < 0 ? null : this.#chunk(this.chunkOf(token));
    const at = token - (part?.first ?? 0);
    if (!part || at >= part.tokens.count) return undefined;
    const { tokens, text } = part;
    const [start, stop, flags] = [tokens.start(at), tokens.stop(at), tokens.flags(at)];
    return {
      number: token,
      id: tokens.id(at),
      piece: tokens.piece(at),
      hex: tokens.hex(at),
      start,
      stop,
      word: tokens.word(at),
      flags,
      text: text.slice(start, stop),
    };
  }

  /** Where a chunk's block begins: its token, and the code point of the text; unknown when the chunk is not here. */
  #beginOf(chunk: number): { token: number; at: number | null } {
    if (chunk <= 0) return { token: 0, at: 0 };
    if (chunk >= this.chunks) return { token: this.total, at: this.#row.clipped ? null : this.#text.last };
    const part = this.#chunk(chunk);
    if (!part) return { token: chunk * this.#size, at: null };
    const { tokens, text, first } = part;
    let stop = text.first;
    for (let at = 0; at < tokens.count; at++) {
      if (tokens.flags(at) & NO_OFFSETS || tokens.stop(at) <= tokens.start(at)) continue;
      const start = tokens.start(at);
      if (at > 0 && start >= stop) {
        const between = text.slice(stop, start);
        const line = between.lastIndexOf("\n");
        if (line >= 0) return { token: first + at, at: start - (between.length - line - 1) };
        if (text.slice(stop - 1, stop) === "\n") return { token: first + at, at: stop };
      }
      stop = Math.max(stop, tokens.stop(at));
    }
    return this.#beginWithin(part, chunk);
  }

  /** No line ends in the chunk: it begins with its first token that shares no character with the chunk before. */
  #beginWithin({ tokens, first }: Part, chunk: number): { token: number; at: number | null } {
    const before = this.#chunk(chunk - 1);
    const reached = before ? lastStop([before]) : 0;
    for (let at = 0; at < tokens.count; at++) {
      const start = tokens.start(at);
      if (tokens.stop(at) > start && start >= reached) return { token: first + at, at: start };
    }
    return { token: first, at: null };
  }

  /** The tokens of a chunk that are within [from, to). */
  #partOf(chunk: number, from: number, to: number): Part | null {
    const part = this.#chunk(chunk);
    if (!part) return null;
    const start = Math.max(0, from - part.first);
    const stop = Math.min(part.tokens.count, to - part.first);
    if (stop <= start) return null;
    return { ...part, tokens: part.tokens.slice(start, stop), first: part.first + start };
  }

  /** A chunk, or what has arrived of it. */
  #chunk(chunk: number): Part | null {
    const first = chunk * this.#size;
    if (chunk < 0 || first >= this.total) return null;
    const fetched = this.#fetched.get(chunk);
    if (fetched || first >= this.#local.count) return fetched ?? null;
    return { tokens: this.#local.slice(first, first + this.#size), first, text: this.#text };
  }

  #touch(chunk: number): boolean {
    const part = this.#fetched.get(chunk);
    if (part) keepNewest(this.#fetched, chunk, part, CHUNKS_KEPT);
    return part !== undefined || Math.min(this.total, (chunk + 1) * this.#size) <= this.#local.count;
  }
}

/** How many tokens stand within the first code points of a text. */
function within(tokens: Tokens, codePoints: number): number {
  for (let at = 0; at < tokens.count; at++) if (tokens.stop(at) > codePoints) return at;
  return tokens.count;
}

function lastStop(parts: readonly Part[]): number {
  let stop = 0;
  for (const { tokens } of parts) {
    for (let at = tokens.count - 1; at >= 0 && at > tokens.count - 32; at--) {
      stop = Math.max(stop, tokens.stop(at));
    }
  }
  return stop;
}

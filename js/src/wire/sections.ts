// What every wire is made of, version 1: a JSON header and one buffer of named binary sections.

export const WIRE_VERSION = 1;

export interface Section {
  name: string;
  dtype: string;
  shape: number[];
  offset: number;
  nbytes: number;
}

/** What every kind of result says of itself. */
export interface Header {
  version: number;
  kind: string;
  title: string;
  subtitle: string;
  /** All rows of the result; the payload holds them all only when `inline`. */
  rows: number;
  /** The work goes on: the payload holds the first rows as far as they are done, and no question is answered. */
  partial?: boolean;
  inline: boolean;
  facts: [string, string][];
  notes: string[];
  sections: Section[];
}

/** Some rows of a result, as they stand in one buffer. */
export interface Page<R> {
  readonly count: number;
  /** The rows' numbers in the input, from 0. */
  readonly position: Uint32Array;
  text(at: number): string;
  index(at: number): string;
  row(at: number): R;
  /** The rows [start, stop), on the same memory. */
  slice(start: number, stop: number): Page<R>;
}

/** What arrived is not what this page can read; the message is meant for the user. */
export class WireError extends Error {
  override name = "WireError";
}

/** A header of another version is not read at all. */
export function checkVersion(header: Record<string, unknown>): void {
  if (header.version !== WIRE_VERSION) {
    throw new WireError("This result was made by another version of nbtransformers: run the cell again.");
  }
}

/** Check that a header is one that this page can read: of one of these kinds, and with these lists. */
export function checkHeader<H extends Header>(
  header: Record<string, unknown>,
  kinds: readonly H["kind"][],
  lists: readonly (keyof H & string)[],
  what: string,
): H {
  checkVersion(header);
  if (!kinds.includes(header.kind as string) || !lists.every((name) => Array.isArray(header[name]))) {
    throw new WireError(`The result's header is not one of ${what}.`);
  }
  return header as unknown as H;
}

/** A string table: UTF-8 bytes and where each string begins. Strings are decoded when first asked for. */
export class Strings {
  readonly #offsets: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #decoded: (string | undefined)[];

  constructor(offsets: Uint32Array, bytes: Uint8Array) {
    this.#offsets = offsets;
    this.#bytes = bytes;
    this.#decoded = new Array(Math.max(0, offsets.length - 1));
  }

  get length(): number {
    return this.#decoded.length;
  }

  slice(start: number, stop: number): Strings {
    return new Strings(this.#offsets.subarray(start, stop + 1), this.#bytes);
  }

  at(number: number): string {
    const known = this.#decoded[number];
    if (known !== undefined) return known;
    const slice = this.#bytes.subarray(this.#offsets[number], this.#offsets[number + 1]);
    const text = decoder.decode(slice);
    this.#decoded[number] = text;
    return text;
  }
}

// A byte-order mark inside a text is part of the text.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Typed views of a buffer's sections, by name. */
export class Sections {
  readonly #byName: Map<string, Section>;
  readonly #payload: DataView;

  constructor(sections: readonly Section[], payload: DataView | null) {
    this.#byName = new Map(sections.map((section) => [section.name, section]));
    this.#payload = payload ?? new DataView(new ArrayBuffer(0));
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  shape(name: string): number[] {
    return this.#find(name).shape;
  }

  float32(name: string): Float32Array {
    const bytes = this.#bytes(name, "float32");
    return new Float32Array(aligned(bytes, 4), alignedOffset(bytes, 4), bytes.byteLength / 4);
  }

  uint32(name: string): Uint32Array {
    const bytes = this.#bytes(name, "uint32");
    return new Uint32Array(aligned(bytes, 4), alignedOffset(bytes, 4), bytes.byteLength / 4);
  }

  int32(name: string): Int32Array {
    const bytes = this.#bytes(name, "int32");
    return new Int32Array(aligned(bytes, 4), alignedOffset(bytes, 4), bytes.byteLength / 4);
  }

  uint16(name: string): Uint16Array {
    const bytes = this.#bytes(name, "uint16");
    return new Uint16Array(aligned(bytes, 2), alignedOffset(bytes, 2), bytes.byteLength / 2);
  }

  uint8(name: string): Uint8Array {
    return this.#bytes(name, "uint8");
  }

  strings(name: string): Strings {
    return new Strings(this.uint32(`${name}_offsets`), this.uint8(`${name}_bytes`));
  }

  #find(name: string): Section {
    const section = this.#byName.get(name);
    if (!section) throw new WireError(`The result arrived incomplete: it has no section "${name}".`);
    return section;
  }

  #bytes(name: string, dtype: string): Uint8Array {
    const section = this.#find(name);
    if (section.dtype !== dtype) {
      throw new WireError(`Section "${name}" is ${section.dtype}, not ${dtype}.`);
    }
    const { buffer, byteOffset, byteLength } = this.#payload;
    if (section.offset + section.nbytes > byteLength) {
      throw new WireError(`The result arrived incomplete: section "${name}" ends beyond its buffer.`);
    }
    return new Uint8Array(buffer as ArrayBuffer, byteOffset + section.offset, section.nbytes);
  }
}

/** Columns of one page have one length. */
export function checkLengths(count: number, lengths: readonly number[]): void {
  if (lengths.some((length) => length !== count)) {
    throw new WireError("The result arrived incomplete: its columns differ in length.");
  }
}

/** The bytes' own buffer where a typed array may stand on it, else a copy: a received view begins anywhere. */
function aligned(bytes: Uint8Array, size: number): ArrayBuffer {
  return (bytes.byteOffset % size === 0 ? bytes.buffer : bytes.slice().buffer) as ArrayBuffer;
}

function alignedOffset(bytes: Uint8Array, size: number): number {
  return bytes.byteOffset % size === 0 ? bytes.byteOffset : 0;
}

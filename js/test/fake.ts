// A widget model and a kernel of a few lines, for tests and the development page.
import type { WidgetModel } from "../src/host";
import { type ClassifyQuery, type Rules, select } from "../src/query/classify";
import { ClassifyPage, type ClassifyRow } from "../src/wire/classify";
import type { Section } from "../src/wire/sections";

type Callback = (...args: never[]) => void;

export interface Sent {
  type: string;
  id: string;
  method?: string;
  params?: Record<string, unknown>;
}

export class FakeModel implements WidgetModel {
  /** What the kernel was asked or told, but for `taken`. */
  readonly sent: Sent[] = [];
  /** How many views have told that the page has the panel. */
  taken = 0;
  /** Called with each message to the kernel. */
  onSend: (message: Sent) => void = () => {};
  readonly #traits: Record<string, unknown>;
  readonly #callbacks = new Map<string, Set<Callback>>();

  constructor(traits: Record<string, unknown>) {
    this.#traits = { kind: "classify", panel_id: "p1", progress: null, error: null, header: null, ...traits };
  }

  get(name: string): unknown {
    return this.#traits[name];
  }

  set(name: string, value: unknown): void {
    this.change({ [name]: value });
  }

  /** How often the page has told Python of its changes. */
  saved = 0;

  save_changes(): void {
    this.saved += 1;
  }

  on(event: string, callback: Callback): void {
    const known = this.#callbacks.get(event) ?? new Set();
    this.#callbacks.set(event, known.add(callback));
  }

  off(event: string, callback: Callback): void {
    this.#callbacks.get(event)?.delete(callback);
  }

  send(content: unknown): void {
    const message = content as Sent;
    if (message.type === "taken") this.taken += 1;
    else {
      this.sent.push(message);
      this.onSend(message);
    }
  }

  /** Listeners that are still there. */
  get listeners(): number {
    return [...this.#callbacks.values()].reduce((sum, callbacks) => sum + callbacks.size, 0);
  }

  /** As when Python changes traits: all values first, then the events. */
  change(traits: Record<string, unknown>): void {
    Object.assign(this.#traits, traits);
    for (const name of Object.keys(traits)) this.#emit(`change:${name}`);
  }

  /** As when Python sends a message. */
  receive(content: unknown, buffers: DataView[] = []): void {
    this.#emit("msg:custom", content, buffers);
  }

  /** As when the notebook restarts the kernel. */
  lose(): void {
    this.#emit("comm_live_update");
  }

  #emit(event: string, ...args: unknown[]): void {
    for (const callback of [...(this.#callbacks.get(event) ?? [])]) callback(...(args as never[]));
  }
}

/** What a page of rows is made of. */
export type FakeRow = Pick<ClassifyRow, "position" | "index" | "text" | "clipped" | "cut" | "reason"> & {
  scores: ArrayLike<number> | null;
  pending?: boolean;
};

/** Rows on the wire, as Python writes them; `width` labels a row. */
export function encodeRows(
  rows: readonly FakeRow[],
  width: number,
): { sections: Section[]; payload: DataView } {
  const reasons = [...new Set(rows.map((row) => row.reason).filter((reason) => reason !== null))];
  const scores = new Float32Array(rows.length * width).fill(Number.NaN);
  rows.forEach((row, at) => {
    if (row.scores) scores.set(row.scores, at * width);
  });
  const columns: NamedArray[] = [
    ["position", Uint32Array.from(rows, (row) => row.position), [rows.length]],
    ["scores", scores, [rows.length, width]],
    ["reason", Uint8Array.from(rows, (row) => 1 + reasons.indexOf(row.reason ?? "")), [rows.length]],
    [
      "flags",
      Uint8Array.from(
        rows,
        (row) => Number(row.clipped) + 2 * Number(row.cut) + 4 * Number(row.pending ?? false),
      ),
      [rows.length],
    ],
    ...stringTable(
      "texts",
      rows.map((row) => row.text),
    ),
    ...stringTable(
      "index",
      rows.map((row) => row.index),
    ),
    ...stringTable("reasons", reasons),
  ];
  return pack(columns);
}

export type NamedArray = [
  string,
  Float32Array | Uint32Array | Int32Array | Uint16Array | Uint8Array,
  number[],
];

export function stringTable(name: string, values: readonly string[]): NamedArray[] {
  const encoded = values.map((value) => new TextEncoder().encode(value));
  const offsets = new Uint32Array(values.length + 1);
  encoded.forEach((bytes, at) => {
    offsets[at + 1] = (offsets[at] ?? 0) + bytes.length;
  });
  const all = new Uint8Array(offsets[values.length] ?? 0);
  encoded.forEach((bytes, at) => {
    all.set(bytes, offsets[at]);
  });
  return [
    [`${name}_offsets`, offsets, [offsets.length]],
    [`${name}_bytes`, all, [all.length]],
  ];
}

export function pack(columns: NamedArray[]): { sections: Section[]; payload: DataView } {
  const dtypes = new Map<unknown, string>([
    [Float32Array, "float32"],
    [Uint32Array, "uint32"],
    [Int32Array, "int32"],
    [Uint16Array, "uint16"],
    [Uint8Array, "uint8"],
  ]);
  let offset = 0;
  const sections = columns.map(([name, array, shape]) => {
    const section = {
      name,
      dtype: dtypes.get(array.constructor) ?? "",
      shape,
      offset,
      nbytes: array.byteLength,
    };
    offset += Math.ceil(array.byteLength / 8) * 8;
    return section;
  });
  const bytes = new Uint8Array(offset);
  columns.forEach(([, array], at) => {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), sections[at]?.offset);
  });
  return { sections, payload: new DataView(bytes.buffer) };
}

/** Rows generated for a test or a page: position p is labelled and scored by arithmetic, the same every time. */
export function makeRows(count: number, labels: number, text: (at: number) => string): FakeRow[] {
  return Array.from({ length: count }, (_, at) => {
    const best = (at * 7 + (at >> 3)) % labels;
    const high = 0.5 + 0.4999 * Math.abs(Math.sin(at * 12.9898));
    const scores = Array.from({ length: labels }, (_, label) =>
      label === best ? high : (1 - high) / Math.max(1, labels - 1),
    );
    return {
      position: at,
      index: String(at),
      text: text(at),
      clipped: false,
      cut: false,
      reason: null,
      scores,
    };
  });
}

type Stretch = ClassifyQuery & { start: number; stop: number };

/** Answers requests the way Python does. */
export class FakeKernel {
  readonly #model: FakeModel;
  readonly #rows: readonly FakeRow[];
  readonly #all: ClassifyPage;
  readonly #width: number;
  readonly #rules: Rules;
  #last: { key: string; order: number[] } | null = null;

  constructor(model: FakeModel, rows: readonly FakeRow[], width: number, rules: Rules) {
    this.#model = model;
    this.#rows = rows;
    this.#width = width;
    this.#rules = rules;
    const { sections, payload } = encodeRows(rows, width);
    this.#all = ClassifyPage.read(sections, payload);
  }

  answer(message: Sent): void {
    if (message.type !== "request") return;
    const { id, method, params = {} } = message;
    const stretch = params as unknown as Stretch;
    if (method === "rows") this.#rowsReply(id, stretch);
    else if (method === "positions") this.#positionsReply(id, stretch);
    else if (method === "text") {
      const text = `${this.#rows[Number(params.position)]?.text} … and so it ends.`;
      this.#model.receive({ type: "reply", id, ok: true, result: { text } });
    } else this.#model.receive({ type: "reply", id, ok: false, error: `There is no method ${method}.` });
  }

  #positionsReply(id: string, params: Stretch): void {
    const order = Uint32Array.from(this.#order(params).slice(params.start, params.stop));
    const { sections, payload } = pack([["position", order, [order.length]]]);
    this.#model.receive({ type: "reply", id, ok: true, result: { start: params.start, sections } }, [
      payload,
    ]);
  }

  #rowsReply(id: string, params: Stretch): void {
    const order = this.#order(params);
    const rows = order.slice(params.start, params.stop).map((at) => this.#rows[at] as FakeRow);
    const { sections, payload } = encodeRows(rows, this.#width);
    const result = { total: order.length, start: params.start, sections };
    this.#model.receive({ type: "reply", id, ok: true, result }, [payload]);
  }

  #order({ sort, label, search }: ClassifyQuery): number[] {
    const key = JSON.stringify([sort, label, search]);
    if (this.#last?.key !== key) {
      this.#last = { key, order: select(this.#all, { sort, label, search }, this.#rules) };
    }
    return this.#last.order;
  }
}

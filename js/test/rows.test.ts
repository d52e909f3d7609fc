import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Channel } from "../src/channel";
import { Host } from "../src/host";
import { type ClassifyQuery, EVERYTHING, select } from "../src/query/classify";
import { LocalRows } from "../src/rows/local";
import { RemoteRows } from "../src/rows/remote";
import type { RowSource } from "../src/rows/source";
import { ClassifyPage, type ClassifyRow } from "../src/wire/classify";
import { encodeRows, FakeKernel, FakeModel, type FakeRow, makeRows, type Sent } from "./fake";
import { golden, goldenNames } from "./golden";

const RULES = { problem: "single_label", threshold: 0.5 } as const;

function positions(
  source: RowSource<ClassifyRow, ClassifyQuery>,
  start = 0,
  stop = source.total,
): (number | undefined)[] {
  const end = Math.min(stop, source.total);
  return Array.from({ length: Math.max(0, end - start) }, (_, at) => source.row(start + at)?.position);
}

function pageOf(rows: FakeRow[], width: number): ClassifyPage {
  const { sections, payload } = encodeRows(rows, width);
  return ClassifyPage.read(sections, payload);
}

/** RemoteRows over `rows`, with a kernel that answers when told to. */
function remote(
  rows: FakeRow[],
  shown: number,
  rules: { problem: "single_label" | "multi_label"; threshold: number } = RULES,
) {
  const width = rows.find((row) => row.scores)?.scores?.length ?? 1;
  const model = new FakeModel({});
  const kernel = new FakeKernel(model, rows, width, rules);
  const source = new RemoteRows(
    new Channel(new Host(model)),
    rows.length,
    pageOf(rows.slice(0, shown), width),
    ClassifyPage.read,
    EVERYTHING,
  );
  const requests = () => model.sent.filter((message) => message.type === "request");
  const settle = async () => {
    await vi.advanceTimersByTimeAsync(100);
  };
  const pages = () => requests().map((request) => Number(request.params?.start) / 100);
  return { model, kernel, source, requests, settle, pages };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe.each(goldenNames)("golden queries of %s", (name) => {
  const { header, payload, queries } = golden(name);
  const page = ClassifyPage.read(header.sections, payload);
  const model = new FakeModel({});
  const local = new LocalRows(
    page,
    (query: ClassifyQuery) => select(page, query, header),
    EVERYTHING,
    new Channel(new Host(model)),
  );

  it.each(queries.map((query) => [JSON.stringify(query.params), query] as const))("%s", (_, query) => {
    const { start, stop, ...params } = query.params;
    local.setQuery(params);
    expect(local.total).toBe(query.total);
    expect(positions(local, start, stop)).toEqual(query.positions);
  });

  it("gives the same through the channel", async () => {
    const rows = Array.from({ length: page.count }, (_, at) => {
      const row = page.row(at);
      return { ...row, scores: row.best < 0 ? null : row.scores };
    });
    const { model, kernel, source, settle } = remote(rows, 4, header as never);
    model.onSend = (message) => kernel.answer(message);
    for (const query of queries.filter(({ params }) => params.start === 0 && params.stop === 1000)) {
      const { sort, label, search } = query.params;
      source.setQuery({ sort, label, search });
      source.want(0, 100);
      await settle();
      expect(source.total).toBe(query.total);
      expect(positions(source)).toEqual(query.positions);
    }
  });
});

describe("rows in the kernel", () => {
  const rows = makeRows(1000, 3, (at) => `text ${at}`);

  it("shows what came with the header before it asks anything", () => {
    const { source, requests } = remote(rows, 250);
    expect(source.total).toBe(1000);
    expect(positions(source, 0, 250)).toEqual(rows.slice(0, 250).map((row) => row.position));
    source.want(0, 40);
    expect(requests()).toHaveLength(0);
  });

  it("asks for the page in sight when it is missing or only partly here", async () => {
    const { model, kernel, source, pages, settle } = remote(rows, 250);
    model.onSend = (message) => kernel.answer(message);
    source.want(240, 280);
    expect(pages()).toEqual([2]);
    await settle();
    expect(source.row(299)?.text).toBe("text 299");
    expect(source.row(300)).toBeUndefined();
  });

  it("asks once, not again while it waits or when it has the page", async () => {
    const { model, kernel, source, pages, requests, settle } = remote(rows, 100);
    source.want(100, 130);
    await settle();
    source.want(110, 140);
    await settle();
    expect(pages()).toEqual([1]);
    kernel.answer(requests()[0] as Sent);
    await settle();
    source.want(100, 130);
    await settle();
    expect(model.sent).toHaveLength(1);
  });

  it("takes back questions about pages scrolled past", async () => {
    const { model, source, pages, requests, settle } = remote(rows, 100);
    source.want(100, 130);
    source.want(400, 430);
    source.want(700, 730);
    await settle();
    expect(pages()).toEqual([1, 7]);
    const cancelled = model.sent.filter((message) => message.type === "cancel").map((message) => message.id);
    expect(cancelled).toEqual([requests()[0]?.id]);
  });

  it("ignores an answer to the query before", async () => {
    const { model, kernel, source, requests, settle } = remote(rows, 100);
    const filtered: ClassifyQuery = { ...EVERYTHING, label: 1 };
    source.setQuery(filtered);
    source.setQuery({ ...EVERYTHING, search: "text 99" });
    kernel.answer(requests()[1] as Sent);
    await settle();
    const found = source.total;
    kernel.answer(requests()[0] as Sent);
    await settle();
    expect(source.total).toBe(found);
    expect(found).toBe(11);
    expect(model.sent.some((message) => message.type === "cancel")).toBe(true);
  });

  it("keeps the old rows in sight, marked stale, until the new ones come", async () => {
    const { kernel, source, requests, settle } = remote(rows, 100);
    source.setQuery({ ...EVERYTHING, search: "text 99" });
    expect(source.stale).toBe(true);
    expect(source.row(0)?.text).toBe("text 0");
    kernel.answer(requests()[0] as Sent);
    await settle();
    expect(source.stale).toBe(false);
    expect(source.row(0)?.text).toBe("text 99");
  });

  it("goes back to the whole without the kernel", () => {
    const { source } = remote(rows, 100);
    source.setQuery({ ...EVERYTHING, search: "zzz" });
    source.setQuery(EVERYTHING);
    expect(source.stale).toBe(false);
    expect(source.total).toBe(1000);
    expect(source.row(50)?.position).toBe(50);
  });

  it("says that it waits after a while, and why after a longer one; the answer still counts", async () => {
    const { kernel, source, requests, settle } = remote(rows, 100);
    const listener = vi.fn();
    source.subscribe(listener);
    source.want(100, 130);
    await vi.advanceTimersByTimeAsync(1000);
    expect(source.notice).toBeNull();
    await vi.advanceTimersByTimeAsync(1000);
    expect(source.notice?.message).toMatch(/Waiting for the kernel/);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(source.notice?.message).toMatch(/busy with another cell/);
    expect(listener).toHaveBeenCalledTimes(2);
    kernel.answer(requests()[0] as Sent);
    await settle();
    expect(source.notice).toBeNull();
    expect(source.row(120)?.position).toBe(120);
  });

  it("shows an error, and asks again on request", async () => {
    const { model, kernel, source, requests, settle } = remote(rows, 100);
    source.want(100, 130);
    model.receive({ type: "reply", id: requests()[0]?.id, ok: false, error: "The result is gone." });
    await settle();
    expect(source.notice).toEqual({ message: "The result is gone.", retry: true });
    source.want(100, 131);
    expect(requests()).toHaveLength(1);
    source.retry();
    kernel.answer(requests()[1] as Sent);
    await settle();
    expect(source.notice).toBeNull();
    expect(source.row(100)?.position).toBe(100);
  });

  it("keeps a bounded number of pages, the latest seen", async () => {
    const many = makeRows(6000, 2, (at) => `t${at}`);
    const { model, kernel, source, settle } = remote(many, 100);
    model.onSend = (message) => kernel.answer(message);
    for (let start = 0; start < 6000; start += 100) {
      source.want(start, start + 30);
      await settle();
    }
    expect(source.row(5950)?.position).toBe(5950);
    expect(source.row(0)).toBeUndefined();
    const kept = Array.from({ length: 60 }, (_, page) => source.row(page * 100)).filter((row) => row);
    expect(kept).toHaveLength(40);
  });

  it("keeps the page of the row that the keyboard is on, however far one scrolls", async () => {
    const many = makeRows(6000, 2, (at) => `t${at}`);
    const { model, kernel, source, pages, settle } = remote(many, 100);
    model.onSend = (message) => kernel.answer(message);
    for (let start = 0; start < 6000; start += 100) {
      source.want(start, start + 30, 205);
      await settle();
    }
    expect(source.row(205)?.position).toBe(205);
    expect(source.row(305)).toBeUndefined();
    expect(pages().filter((page) => page === 2)).toHaveLength(1);
  });

  it("asks for that page too, and does not take the question back when it is scrolled past", async () => {
    const { model, source, pages, settle } = remote(rows, 100);
    source.want(300, 330, 310);
    await settle();
    source.want(700, 730, 310);
    await settle();
    expect(pages()).toEqual([3, 7]);
    expect(model.sent.filter((message) => message.type === "cancel")).toHaveLength(0);
  });

  it("cancels what it still waits for when it is disposed of", async () => {
    const { model, source, settle } = remote(rows, 100);
    source.want(500, 530);
    source.dispose();
    source.want(900, 930);
    await settle();
    expect(model.sent.map((message) => message.type)).toEqual(["request", "cancel"]);
  });
});

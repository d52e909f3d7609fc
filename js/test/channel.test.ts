import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Channel, ReplyError, TimeoutError } from "../src/channel";
import { Host } from "../src/host";
import { FakeModel } from "./fake";

function setUp() {
  const model = new FakeModel({});
  return { model, channel: new Channel(new Host(model)) };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a request", () => {
  it("is answered on its id, whatever the order of the answers", async () => {
    const { model, channel } = setUp();
    const first = channel.request("rows", { start: 0 });
    const second = channel.request("rows", { start: 100 });
    const [a, b] = model.sent;
    expect(a).toMatchObject({ type: "request", method: "rows", params: { start: 0 } });
    expect(a?.id).not.toBe(b?.id);
    const buffer = new DataView(new ArrayBuffer(4));
    model.receive({ type: "reply", id: b?.id, ok: true, result: "second" }, [buffer]);
    model.receive({ type: "reply", id: a?.id, ok: true, result: "first" });
    expect(await second).toEqual({ result: "second", buffers: [buffer] });
    expect((await first).result).toBe("first");
    expect(channel.waiting).toBe(0);
  });

  it("fails with the kernel's own line", async () => {
    const { model, channel } = setUp();
    const reply = channel.request("rows", {});
    model.receive({ type: "reply", id: model.sent[0]?.id, ok: false, error: "No such label." });
    await expect(reply).rejects.toThrow(ReplyError);
    await expect(reply).rejects.toThrow("No such label.");
  });

  it("fails after its time, cancels, and ignores the late answer", async () => {
    const { model, channel } = setUp();
    const reply = channel.request("rows", {});
    const failure = expect(reply).rejects.toThrow(TimeoutError);
    await vi.advanceTimersByTimeAsync(30_000);
    await failure;
    await expect(reply).rejects.toThrow(/busy with another cell/);
    const id = model.sent[0]?.id;
    expect(model.sent[1]).toEqual({ type: "cancel", id });
    expect(() => model.receive({ type: "reply", id, ok: true, result: 1 })).not.toThrow();
  });

  it("waits for ever when told to", async () => {
    const { model, channel } = setUp();
    const reply = channel.request("rows", {}, { timeoutMs: Number.POSITIVE_INFINITY });
    await vi.advanceTimersByTimeAsync(3_600_000);
    model.receive({ type: "reply", id: model.sent[0]?.id, ok: true, result: 7 });
    expect((await reply).result).toBe(7);
  });

  it("is cancelled by its signal", async () => {
    const { model, channel } = setUp();
    const controller = new AbortController();
    const reply = channel.request("rows", {}, { signal: controller.signal });
    controller.abort();
    await expect(reply).rejects.toMatchObject({ name: "AbortError" });
    expect(model.sent[1]).toEqual({ type: "cancel", id: model.sent[0]?.id });
  });

  it("is not sent when its signal was aborted before", async () => {
    const { model, channel } = setUp();
    await expect(channel.request("rows", {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(model.sent).toHaveLength(0);
  });

  it("does not cancel once it has its answer", async () => {
    const { model, channel } = setUp();
    const controller = new AbortController();
    const reply = channel.request("rows", {}, { signal: controller.signal });
    model.receive({ type: "reply", id: model.sent[0]?.id, ok: true, result: 1 });
    await reply;
    controller.abort();
    expect(model.sent).toHaveLength(1);
  });

  it("fails when the host cannot send", async () => {
    const { model, channel } = setUp();
    model.onSend = () => {
      throw new Error("comm is closed");
    };
    await expect(channel.request("rows", {})).rejects.toThrow("comm is closed");
    expect(channel.waiting).toBe(0);
  });
});

describe("requests that nobody waits for", () => {
  const FOREVER = { timeoutMs: Number.POSITIVE_INFINITY };
  const startsOf = (model: FakeModel) =>
    model.sent.filter(({ type }) => type === "request").map(({ params }) => params?.start);
  const answer = (model: FakeModel, number: number) => {
    const sent = model.sent.filter(({ type }) => type === "request")[number];
    model.receive({ type: "reply", id: sent?.id, ok: true, result: number });
  };
  /** Whoever looks on and on: each question is cancelled when the next is asked. */
  function onAndOn(channel: Channel, times: number) {
    let controller = new AbortController();
    const replies: Promise<unknown>[] = [];
    for (let start = 0; start < times; start++) {
      controller.abort();
      controller = new AbortController();
      const options = { signal: controller.signal, ...FOREVER };
      replies.push(channel.request("tile", { start }, options).catch((error: Error) => error.name));
    }
    return replies;
  }

  it("hold up others while they are answered, and those that are cancelled meanwhile are never sent", async () => {
    const { model, channel } = setUp();
    const replies = onAndOn(channel, 8);
    expect(await Promise.all(replies.slice(0, 7))).toEqual(new Array(7).fill("AbortError"));
    expect(startsOf(model)).toEqual([0, 1]);
    expect(model.sent.filter(({ type }) => type === "cancel").length).toBe(2);
    answer(model, 0);
    expect(startsOf(model)).toEqual([0, 1, 7]);
    answer(model, 2);
    expect(await replies[7]).toMatchObject({ result: 2 });
  });

  it("hold up nothing for ever: an answer may be lost", async () => {
    const { model, channel } = setUp();
    const replies = onAndOn(channel, 3);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(startsOf(model)).toEqual([0, 1]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(startsOf(model)).toEqual([0, 1, 2]);
    answer(model, 2);
    expect(await replies[2]).toMatchObject({ result: 2 });
  });
});

it("ignores messages of other kinds and replies to others", async () => {
  const { model, channel } = setUp();
  const reply = channel.request("rows", {});
  model.receive(null);
  model.receive("text");
  model.receive({ type: "progress" });
  model.receive({ type: "reply", id: "someone-else", ok: true, result: 0 });
  expect(channel.waiting).toBe(1);
  model.receive({ type: "reply", id: model.sent[0]?.id, ok: true, result: 1 });
  expect((await reply).result).toBe(1);
});

it("tells those who wait when it is disposed of, and listens no more", async () => {
  const { model, channel } = setUp();
  const reply = channel.request("rows", {});
  channel.dispose();
  await expect(reply).rejects.toMatchObject({ name: "AbortError" });
  expect(model.listeners).toBe(0);
});

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Channel } from "../src/channel";
import { channelOf, connect } from "../src/connection";
import { Host } from "../src/host";
import { FakeModel } from "./fake";

it("gives all views of a model one channel, found by the panel's id", () => {
  const model = new FakeModel({ panel_id: "shared" });
  const disconnect = connect(model);
  const first = channelOf(new Host(model));
  const second = channelOf(new Host(model));
  expect(first.channel).toBe(second.channel);
  first.release();
  expect(model.listeners).toBe(1);
  disconnect();
  expect(model.listeners).toBe(0);
  const alone = channelOf(new Host(model));
  expect(alone.channel).not.toBe(first.channel);
  alone.release();
  expect(model.listeners).toBe(0);
});

it("keeps a newer connection of the same panel when an older one ends", () => {
  const older = connect(new FakeModel({ panel_id: "again" }));
  const model = new FakeModel({ panel_id: "again" });
  const newer = connect(model);
  older();
  const { channel } = channelOf(new Host(model));
  expect(model.listeners).toBe(1);
  newer();
  expect(channel.waiting).toBe(0);
});

it("reads the same payload as the same object, whatever the host hands over", () => {
  const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  const host = new Host(new FakeModel({ payload: bytes }));
  const { payload } = host.read();
  expect(payload?.byteLength).toBe(2);
  expect(payload?.getUint8(0)).toBe(2);
  expect(host.read().payload).toBe(payload);
});

describe("a model as anywidget makes it", () => {
  class Model {
    heard: object[] = [];
    comm = { on_msg: vi.fn<(receive: (message: object) => unknown) => void>(), send: vi.fn() };
    async _handle_comm_msg(message: object): Promise<void> {
      this.heard.push(message);
    }
  }
  class Ready extends Model {}
  class Late extends Model {
    override async _handle_comm_msg(): Promise<void> {
      throw new Error("[anywidget] Failed to initialize model.");
    }
  }
  const connected = async (model: Model) => {
    const get_model = vi.fn(async () => model);
    const disconnect = connect(
      Object.assign(new FakeModel({ panel_id: "p2" }), { widget_manager: { get_model } }),
    );
    await new Promise((resolve) => setTimeout(resolve));
    disconnect();
    expect(get_model.mock.calls).toEqual([["p2"]]);
  };

  it("is left as it is where the page was in time", async () => {
    const model = new Ready();
    await connected(model);
    expect(model.comm.on_msg).not.toHaveBeenCalled();
    expect(model.comm.send).not.toHaveBeenCalled();
  });

  it("hears without anywidget where that has given up, and asks for what it missed", async () => {
    const model = new Late();
    await connected(model);
    expect(model.comm.send.mock.calls).toEqual([[{ method: "request_state" }]]);
    const message = { content: { data: { method: "update" } } };
    await model.comm.on_msg.mock.calls[0]?.[0](message);
    expect(model.heard).toEqual([message]);
  });

  it.each([{}, { get_model: async () => Promise.reject(new Error("No such model")) }])(
    "may be unknown to the host, which is no Jupyter",
    async (widget_manager) => {
      const disconnect = connect(Object.assign(new FakeModel({ panel_id: "p3" }), { widget_manager }));
      await new Promise((resolve) => setTimeout(resolve));
      disconnect();
    },
  );
});

describe("a page that was saved with its widgets", () => {
  const state = document.createElement("script");
  state.type = "application/vnd.jupyter.widget-state+json";
  const modelUnder = (manager: object | undefined) =>
    Object.assign(new FakeModel({ progress: { stage: "batches" } }), manager && { widget_manager: manager });
  beforeAll(() => document.body.append(state));
  afterAll(() => state.remove());

  it("has no kernel: work under way has ended, and no question waits for an answer", async () => {
    const model = modelUnder({});
    const host = new Host(model);
    expect(host.read().progress).toBeNull();
    expect(host.read().error?.message).toBe("The kernel is gone: nothing had come.");
    await expect(new Channel(host).request("rows", {})).rejects.toThrow(
      "The kernel is gone: run this cell again.",
    );
    expect(model.sent).toEqual([]);
  });

  it.each([["Jupyter's", { kernel: {} }] as const, ["marimo's, or VS Code's", undefined] as const])(
    "is none where the host is %s, which has a kernel",
    (_, manager) => {
      const host = new Host(modelUnder(manager));
      expect(host.isLost).toBe(false);
      new Channel(host).request("rows", {}).catch(() => {});
      expect(host.read().progress).not.toBeNull();
    },
  );
});

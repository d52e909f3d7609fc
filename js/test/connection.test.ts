import { expect, it } from "vitest";
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

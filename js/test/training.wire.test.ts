import { describe, expect, it } from "vitest";
import { Run } from "../src/training/run";
import { csvOf } from "../src/training/table";
import { Sections } from "../src/wire/sections";
import { runNews, trainingHeader } from "../src/wire/training";
import { goldenLive, goldenRun } from "./goldenrun";

type Name = Parameters<typeof goldenRun>[0];

function read(name: Name, change: Record<string, unknown> = {}): Run {
  const { header: raw, payload } = goldenRun(name);
  const header = trainingHeader({ ...raw, ...change });
  return new Run(header, new Sections(header.sections, payload));
}

const told = (message: Record<string, unknown>, buffers: DataView[] = []) => runNews(message, buffers);

describe("a run as it came", () => {
  it("has its curves, or the least and the greatest of them", () => {
    const run = read("running");
    expect(run.curves).toEqual(["loss", "lr", "grad_norm", "tokens_per_s"]);
    const loss = run.curve("loss");
    expect([...(loss?.steps ?? [])]).toEqual([1, 2, 3, 4]);
    expect([...(loss?.values ?? [])].map((value) => Number(value.toFixed(4)))).toEqual([2, 1, 0.6667, 0.5]);
    expect(loss?.isWhole).toBe(true);
    const long = read("done").curve("loss");
    expect(long?.isWhole).toBe(false);
    expect(long?.length).toBeLessThanOrEqual(2_000);
    expect(long?.total).toBeGreaterThan(2_000);
  });

  it("has no curves before it has begun", () => {
    const run = read("starting");
    expect([run.curves, run.metrics, run.facts.state]).toEqual([[], [], "starting"]);
  });

  it("is not read where its header is of another kind, version or state", () => {
    const { header } = goldenRun("running");
    expect(() => trainingHeader({ ...header, version: 9 })).toThrow("run the cell again");
    expect(() => trainingHeader({ ...header, kind: "classify" })).toThrow("a training run");
    expect(() => trainingHeader({ ...header, state: "asleep" })).toThrow('the state "asleep"');
    expect(() => trainingHeader({ ...header, evals: null })).toThrow("a training run");
  });
});

describe("what comes as it goes on", () => {
  it("is added to what is there", () => {
    const run = read("running");
    const { message, buffers } = goldenLive();
    expect(run.take(told(message, buffers) ?? null)).toBe(true);
    const loss = run.curve("loss");
    expect([...(loss?.steps ?? [])]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(loss?.values[4]).toBeCloseTo(0.4);
    expect(loss?.values[5]).toBeNaN();
    expect(run.evals.map(({ step }) => step)).toEqual([4, 6]);
    const { state, lr_changes, best } = run.facts;
    expect([state, lr_changes, best?.value]).toEqual(["paused", [{ step: 5, factor: 0.5 }], 0.75]);
    // The plan changed when memory ran out; the name did not.
    expect([run.facts.plan?.micro_batch, run.facts.name]).toEqual([4, "a-run"]);
  });

  it("is passed over when it was told before, by a message or with the whole", () => {
    const run = read("running");
    const { message, buffers } = goldenLive();
    const news = told(message, buffers) ?? null;
    run.take(news);
    expect(run.take(news)).toBe(true);
    expect([run.curve("loss")?.length, run.evals.length]).toEqual([6, 2]);
  });

  it("is asked for anew after a gap and after a restart", () => {
    const { message, buffers } = goldenLive();
    expect(read("running").take(told({ ...message, seq: 2 }, buffers) ?? null)).toBe(false);
    const late = { ...message, series: message.series.map((one) => ({ ...one, from: 9 })) };
    expect(read("running").take(told(late, buffers) ?? null)).toBe(false);
    expect(told({ type: "run", seq: 1, restart: true })).toBeNull();
    expect(read("running").take(null)).toBe(false);
  });

  it("may overlap with what is there", () => {
    const run = read("running");
    const steps = new DataView(Uint32Array.of(4, 5).buffer);
    const values = new DataView(Float32Array.of(7, 8).buffer);
    const news = told({ type: "run", seq: 1, series: [{ name: "loss", from: 3 }] }, [steps, values]);
    expect(run.take(news ?? null)).toBe(true);
    expect([...(run.curve("loss")?.values.slice(3) ?? [])]).toEqual([0.5, 8]);
  });

  it("may be a curve that was not there, from a view that begins anywhere", () => {
    const run = read("starting");
    const bytes = new ArrayBuffer(12);
    new DataView(bytes).setUint32(1, 3, true);
    new DataView(bytes).setFloat32(6, 0.5, true);
    const buffers = [new DataView(bytes, 1, 4), new DataView(bytes, 6, 4)];
    run.take(told({ type: "run", seq: 1, series: [{ name: "loss", from: 0 }] }, buffers) ?? null);
    expect([...(run.curve("loss")?.steps ?? [])]).toEqual([3]);
    expect(run.curve("loss")?.values[0]).toBe(0.5);
  });

  it("is told from other messages", () => {
    expect(told({ type: "reply", id: "1" })).toBeUndefined();
    expect(runNews(null, [])).toBeUndefined();
  });
});

describe("the table", () => {
  it("has a row a step and a column a curve and a metric", () => {
    const run = read("running");
    const { message, buffers } = goldenLive();
    run.take(told(message, buffers) ?? null);
    const [head, ...rows] = csvOf(run).trimEnd().split("\r\n");
    expect(head).toContain("step,loss,lr,grad_norm,tokens_per_s,evaluation loss,evaluation accuracy,");
    expect(rows).toHaveLength(6);
    expect(rows[3]).toBe("4,0.5,0.00001,1.4,1004,0.5,0.5,");
    // A loss that is no number, and no evaluation.
    expect(rows[4]).toBe("5,0.4,0.0000075,1.5,1005,,,");
    expect(rows[5]).toContain("6,,");
  });

  it("keeps names with commas, quotes and lines in one cell, and starts no formula", () => {
    const run = read("running", {
      evals: [{ step: 1, epoch: 1, metrics: { 'a,"b"\nc': 1, "=1+1": 2 }, seconds: 1 }],
    });
    expect(csvOf(run).split("\r\n")[0]).toContain('"evaluation a,""b""\nc",evaluation =1+1');
  });
});

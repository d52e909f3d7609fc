import { describe, expect, it } from "vitest";
import { Points } from "../src/training/points";
import { joined, Smoothed, thin } from "../src/training/thin";
import { goldenAnswers } from "./goldenrun";

function curve(values: readonly number[]): Points {
  return new Points(
    Uint32Array.from(values, (_, at) => at + 1),
    Float32Array.from(values),
  );
}

const figures = (values: Iterable<number>) => [...values].map((value) => Number(value.toFixed(6)));

describe("a curve thinned", () => {
  // Whatever the kernel thins and smooths, the page does alike where it has all points.
  const cases = goldenAnswers("running").filter(({ method }) => method === "curve");

  it.each(cases)("is as the kernel thins it: $params.name of $params.pixels pixels", ({ params, told }) => {
    const { name, from_step: from, to_step: to, pixels, smoothing } = params as Record<string, number>;
    const losses = [2, 1, 2 / 3, 0.5, 0.4, Number.NaN];
    const rates = [1, 2, 3, 4, 5, 6].map((step) => 2e-5 * (1 - step / 8));
    const points = curve(String(name) === "loss" ? losses : rates);
    const inside = [points.find(from as number), points.find((to as number) + 1)] as const;
    const thinned = thin(points, new Smoothed(smoothing as number).of(points), inside, pixels as number);
    const columns = { step: thinned.step, min: thinned.low, max: thinned.high, mean: thinned.mean };
    for (const [column, values] of Object.entries({ ...columns, smooth: thinned.smooth })) {
      const wanted = (told[column] ?? []).map((value) => value ?? Number.NaN);
      expect(figures(values), column).toEqual(figures(wanted));
    }
  });

  it("loses no spike, whatever its place", () => {
    const values = Array.from({ length: 10_000 }, (_, at) => (at === 7_777 ? 99 : at === 123 ? -99 : 1));
    const points = curve(values);
    const { step, low, high, isExact } = thin(points, points.values, [0, 10_000], 300);
    expect([step.length, isExact]).toEqual([300, false]);
    expect([Math.min(...low), Math.max(...high)]).toEqual([-99, 99]);
    expect([...step]).toEqual([...step].sort((a, b) => a - b));
  });

  it("is every point where there are few, and nothing where there are none", () => {
    const points = curve([3, 1, 2]);
    const whole = thin(points, points.values, [0, 3], 100);
    expect([[...whole.low], [...whole.high], [...whole.mean], whole.isExact]).toEqual([
      [3, 1, 2],
      [3, 1, 2],
      [3, 1, 2],
      true,
    ]);
    expect(thin(points, points.values, [2, 2], 100).step).toHaveLength(0);
    const both = joined(whole, thin(points, points.values, [1, 3], 1));
    expect([[...both.mean], both.isExact]).toEqual([[3, 1, 2, 1.5], false]);
  });

  it("has gaps where nothing is finite", () => {
    const points = curve([Number.NaN, Number.NaN, 1, Number.NaN]);
    const { low, mean } = thin(points, points.values, [0, 4], 2);
    expect([low[0], mean[0], low[1], mean[1]]).toEqual([Number.NaN, Number.NaN, 1, 1]);
  });
});

describe("a curve smoothed", () => {
  it("is the same whether it came at once or piece by piece", () => {
    const points = curve([]);
    const growing = new Smoothed(0.9);
    for (let at = 0; at < 3_000; at++) {
      points.add(at, Uint32Array.of(at + 1), Float32Array.of(Math.sin(at)));
      if (at % 7 === 0) growing.of(points);
    }
    expect([...growing.of(points)]).toEqual([...new Smoothed(0.9).of(points)]);
  });

  it("begins at its first value, not near nothing", () => {
    expect(new Smoothed(0.99).of(curve([5, 5, 5]))[0]).toBeCloseTo(5, 5);
  });
});

describe("a million points", () => {
  it("are added to, smoothed and thinned within a frame", () => {
    const steps = Uint32Array.from({ length: 1_000_000 }, (_, at) => at + 1);
    const points = new Points(
      steps,
      Float32Array.from(steps, (step) => ((step * 7_919) % 997) / 997),
    );
    const smoothed = new Smoothed(0.6);
    thin(points, smoothed.of(points), [0, points.length], 1_000);
    const times = Array.from({ length: 9 }, (_, time) => {
      const began = performance.now();
      points.add(points.total, Uint32Array.of(1_000_001 + time), Float32Array.of(0.5));
      thin(points, smoothed.of(points), [0, points.length], 1_000);
      return performance.now() - began;
    });
    expect(times.sort((a, b) => a - b)[4]).toBeLessThan(100);
  });
});

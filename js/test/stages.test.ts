import { describe, expect, it } from "vitest";
import { brief, farthest, figures, heaviestKey, isByRoot, stagesOf } from "../src/views/stages";
import { readSteps, type Steps } from "../src/wire/attentionsteps";
import { Sections } from "../src/wire/sections";
import { type NamedArray, pack } from "./fake";

/** Two tokens worked by hand: q = (1, 2), k = (3, 1) and (0, −1); q · k = 5 and −2, by √2. */
function byHand(change: Partial<Steps["facts"]> = {}, extra: NamedArray[] = []): Steps {
  const scores = [5, -2].map((score) => score / Math.SQRT2);
  const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
  const weights = scores.map((score) => Math.exp(score) / sum);
  const { sections, payload } = pack([
    ["q", Float32Array.of(1, 2), [2]],
    ["keys", Uint32Array.of(4, 9), [2]],
    ["k", Float32Array.of(3, 1, 0, -1), [2, 2]],
    ["products", Float32Array.of(3, 2, 0, -2), [2, 2]],
    ["scores", Float32Array.from(scores), [2]],
    ["masked", Uint8Array.of(0, 0), [2]],
    ["weights", Float32Array.from(weights), [2]],
    ["v", Float32Array.of(1, 0, 0, 1), [2, 2]],
    ["head_output", Float32Array.from(weights), [2]],
    ["concatenated", Float32Array.of(...weights, 0, 0), [4]],
    ["projected", Float32Array.of(1), [1]],
    ...extra,
  ]);
  const facts = {
    query: 0,
    scaling: 1 / Math.SQRT2,
    softcap: null,
    sink: null,
    dims: 2,
    keys: 2,
    masked_keys: 0,
    log_sum: Math.log(sum),
    ...change,
  };
  return readSteps(facts, new Sections(sections, payload));
}

describe("the stages of a key", () => {
  it("are those of two tokens worked by hand", () => {
    const steps = byHand();
    expect(isByRoot(steps)).toBe(true);
    expect(heaviestKey(steps)).toBe(0);
    const [first, second] = [stagesOf(steps, 0), stagesOf(steps, 1)];
    expect([first.sum, second.sum]).toEqual([5, -2]);
    expect(first.scaled).toBeCloseTo(3.5355339, 6);
    // e^3.5355 / (e^3.5355 + e^−1.4142)
    expect(first.weight).toBeCloseTo(0.9929646, 6);
    expect(Math.exp(second.score - (steps.facts.log_sum ?? 0))).toBeCloseTo(second.weight, 6);
    expect([first.capped, first.bias, first.masked]).toEqual([null, null, false]);
  });

  it("have a cap and a bias where the model has them", () => {
    const steps = byHand({ softcap: 2, scaling: 1 }, [["bias", Float32Array.of(0.5, -0.25), [2]]]);
    expect(isByRoot(steps)).toBe(false);
    const { scaled, capped, bias } = stagesOf(steps, 0);
    expect([scaled, bias]).toEqual([5, 0.5]);
    expect(capped).toBeCloseTo(2 * Math.tanh(2.5), 12);
  });

  it("that arrive incomplete are not read", () => {
    expect(() => byHand({ dims: 3 })).toThrow(/incomplete/);
    expect(() => byHand({}, [["bias", Float32Array.of(1), [1]]])).toThrow(/incomplete/);
  });
});

describe("numbers", () => {
  it.each([
    [0.123456789, "0.123457", "0.123"],
    [-0.00001234, "−1.2340e−5", "0.000"],
    [123.456, "123.456", "123.5"],
    [0, "0", "0.000"],
    [Number.NEGATIVE_INFINITY, "−∞", "−∞"],
    [Number.NaN, "–", "–"],
    [-2e7, "−2.0000e+7", "−2.0e+7"],
  ])("%d", (value, exact, short) => {
    expect([figures(value), brief(value)]).toEqual([exact, short]);
  });

  it("are measured by the farthest from zero that is a number", () => {
    expect(farthest([1, -3, Number.NEGATIVE_INFINITY, Number.NaN])).toBe(3);
    expect(farthest([])).toBe(0);
  });
});

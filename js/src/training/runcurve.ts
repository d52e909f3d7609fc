// A metric of a run among others: what the page has of it, and what comes.
import type { Sections } from "../wire/sections";

/** What curves go along: steps, epochs, or the time that workers have been at it. */
export type Way = "step" | "epoch" | "elapsed_s";

/** Points in their order: columns of one length. */
export type CurvePoints = Readonly<Record<Way, Float64Array>> & { readonly value: Float32Array };

/** How much of a curve there was when the kernel told of it; by these it tells what is new. */
export interface Had {
  points: number;
  evals: number;
  rewritten: number;
}

export interface RunCurve {
  /** By its steps. */
  steps: CurvePoints;
  evals: CurvePoints;
  had: Had;
}

export interface CurveFacts extends Had {
  /** The points that the first of those that came are. */
  from: number;
  evals_from: number;
}

const NO_POINTS: CurvePoints = {
  step: new Float64Array(0),
  epoch: new Float64Array(0),
  elapsed_s: new Float64Array(0),
  value: new Float32Array(0),
};

export const NO_CURVE: RunCurve = {
  steps: NO_POINTS,
  evals: NO_POINTS,
  had: { points: 0, evals: 0, rewritten: -1 },
};

/** A curve with what came; where what there was is not so any more, that alone. */
export function grown(curve: RunCurve, facts: CurveFacts, read: Sections): RunCurve {
  const { from, points, evals_from, evals, rewritten } = facts;
  const known = from === curve.had.points && evals_from === curve.had.evals ? curve : NO_CURVE;
  return {
    steps: joined(known.steps, read, ""),
    evals: joined(known.evals, read, "eval_"),
    had: { points, evals, rewritten },
  };
}

function joined(known: CurvePoints, read: Sections, before: string): CurvePoints {
  if (!read.has(`${before}value`)) return known;
  const float = (name: string) => read.float32(`${before}${name}`);
  return {
    step: behind(Float64Array, known.step, read.uint32(`${before}step`)),
    epoch: behind(Float64Array, known.epoch, float("epoch")),
    elapsed_s: behind(Float64Array, known.elapsed_s, float("elapsed_s")),
    value: behind(Float32Array, known.value, float("value")),
  };
}

function behind<Numbers extends Float64Array | Float32Array>(
  kind: new (length: number) => Numbers,
  first: Numbers,
  second: ArrayLike<number>,
): Numbers {
  const all = new kind(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

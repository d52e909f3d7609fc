// The labels of a chart's marks stand beside one another, also at its end, where the last is moved to the left.
import { expect, it } from "vitest";
import type { Pen } from "../src/views/pen";
import type { Shown } from "../src/views/plot";
import { drawMarks } from "../src/views/plotpicture";

const WIDTH = 240;
const LABEL = 40;

function labelsOf(steps: number[]): [label: string, left: number][] {
  const written: [string, number][] = [];
  const pen = {
    fillRect: () => {},
    measureText: () => ({ width: LABEL }),
    fillText: (label: string, left: number) => written.push([label, left]),
  } as unknown as Pen;
  const marks = steps.map((step) => ({ step, label: `epoch ${step}`, kind: "epoch" as const }));
  const frame = { left: 0, top: 24, width: WIDTH, height: 100 };
  const shown = { marks } as unknown as Shown;
  drawMarks(pen, { shown, frame, x: (step) => step, y: (value) => value, colour: (name) => name });
  return written;
}

it("labels marks that have room", () => {
  expect(labelsOf([10, 100, 180])).toEqual([
    ["epoch 10", 9.5],
    ["epoch 100", 99.5],
    ["epoch 180", 179.5],
  ]);
});

it("leaves out a label that would lie on one before it, and on one that was moved", () => {
  expect(labelsOf([10, 40, 100]).map(([label]) => label)).toEqual(["epoch 10", "epoch 100"]);
  // The last one ends at the edge, 200 to 240, and would lie on that at 170.
  expect(labelsOf([170, 235]).map(([label]) => label)).toEqual(["epoch 170"]);
});

// What the curves of runs go along, and how that is told.

import { formatCount } from "../text";
import type { Way } from "../training/runcurve";
import { exactValue, formatDuration, timeLabel } from "./figures";
import type { Shown } from "./plot";

interface Told {
  title: string;
  help: string;
  /** A place, in words. */
  at(place: number): string;
  /** How the axis tells of it; as of steps where there is nothing else to say. */
  below?: NonNullable<Shown["below"]>;
}

const ROUND = [1, 2, 5].flatMap((first) =>
  Array.from({ length: 9 }, (_, power) => first * 10 ** (power - 2)),
);
/** Round in seconds, minutes, hours and days. */
const TIMES = [1, 2, 5, 10, 15, 30]
  .flatMap((first) => [first, 60 * first])
  .concat([1, 2, 3, 6, 12, 24, 48, 120, 240].map((hours) => 3_600 * hours));
const inOrder = (numbers: number[]) => [...new Set(numbers)].sort((a, b) => a - b);

export const WAYS: Readonly<Record<Way, Told>> = {
  step: {
    title: "Step",
    help: "By step",
    at: (place) => `step ${formatCount(Math.round(place))}`,
  },
  epoch: {
    title: "Epoch",
    help: "By how often all examples were seen: fair where batches are not alike",
    at: (place) => `epoch ${exactValue(place)}`,
    below: { apart: inOrder(ROUND), label: exactValue },
  },
  elapsed_s: {
    title: "Time",
    help: "By the time that workers have been at it, pauses left out",
    at: formatDuration,
    below: { apart: inOrder(TIMES), label: timeLabel },
  },
};

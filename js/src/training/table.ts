// The curves of a run as one table: a row a step, a column a curve or a metric.
import type { Points } from "./points";
import type { Run } from "./run";

/** As a file of comma-separated values; a step that has no value of a column leaves it empty. */
export function csvOf(run: Run): string {
  const { curves, metrics, evals } = run;
  const rows = new Map<number, (number | null)[]>();
  const width = curves.length + metrics.length;
  const cell = (step: number, column: number, value: number | null | undefined) => {
    const row = rows.get(step) ?? new Array(width).fill(null);
    rows.set(step, row);
    row[column] = value ?? null;
  };
  curves.forEach((name, column) => {
    const { steps, values } = run.curve(name) as Points;
    steps.forEach((step, at) => {
      cell(step, column, values[at]);
    });
  });
  for (const { step, metrics: values } of evals)
    for (const [at, name] of metrics.entries()) cell(step, curves.length + at, values[name]);
  const head = ["step", ...curves, ...metrics.map((name) => `evaluation ${name}`)];
  const lines = [...rows]
    .sort(([a], [b]) => a - b)
    .map(([step, values]) => [step, ...values.map(figure)].join(","));
  return `${[head.map(quoted).join(","), ...lines].join("\r\n")}\r\n`;
}

/** Seven figures are all that a value of the wire has. */
function figure(value: number | null): string {
  return value === null || !Number.isFinite(value) ? "" : String(Number(value.toPrecision(7)));
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

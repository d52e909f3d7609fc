// A training run that is made by arithmetic, of any length, and a kernel that answers what its panel asks.
import { Points } from "../src/training/points";
import { Smoothed, thin } from "../src/training/thin";
import type { Evaluation, Report, RunFacts } from "../src/wire/training";
import { type FakeModel, type NamedArray, pack, type Sent } from "./fake";

export interface FakeRun {
  /** Steps that are done. */
  steps: number;
  /** Steps that are planned. */
  planned: number;
  /** Steps of an epoch. */
  epoch: number;
  facts?: Partial<RunFacts>;
  report?: Partial<Report>;
  log?: string;
}

const NAMES = ["loss", "lr", "grad_norm", "tokens_per_s"] as const;
/** Points of a curve that travel with the header. */
const MOST = 2_000;

function value(name: (typeof NAMES)[number], step: number, { planned }: FakeRun): number {
  const noise = Math.sin(step * 12.9898) * Math.sin(step * 78.233);
  if (name === "loss")
    return 0.25 + 1.6 * Math.exp((-4 * step) / planned) * (1 + 0.35 * noise) + 0.05 * noise;
  if (name === "lr") return 2e-5 * Math.min(1, step / (0.1 * planned)) * (1 - step / (planned + 1));
  if (name === "grad_norm") return 1.2 + 0.6 * noise + (step % 97 === 0 ? 4 : 0);
  return 5_100 + 400 * noise;
}

/** The curves of a run, all their points. */
export function fakeCurves(run: FakeRun): Record<string, Points> {
  const steps = Uint32Array.from({ length: run.steps }, (_, at) => at + 1);
  return Object.fromEntries(
    NAMES.map((name) => [
      name,
      new Points(
        steps,
        Float32Array.from(steps, (step) => value(name, step, run)),
      ),
    ]),
  );
}

export function fakeEvals({ steps, epoch }: FakeRun): Evaluation[] {
  return Array.from({ length: Math.floor(steps / epoch) }, (_, at) => {
    const accuracy = 0.9 - 0.35 * Math.exp(-(at + 1) / 1.5);
    return {
      step: (at + 1) * epoch,
      epoch: at + 1,
      metrics: {
        loss: 0.3 + 0.5 * Math.exp(-(at + 1) / 2),
        accuracy,
        f1: accuracy - 0.03,
        perplexity: 3.2 - at / 5,
      },
      seconds: 2.5,
    };
  });
}

export function fakeHeader(run: FakeRun, curves = fakeCurves(run)) {
  const { steps, planned, epoch, facts } = run;
  const evals = fakeEvals(run);
  const columns: NamedArray[] = [];
  const series = Object.entries(curves).map(([name, points]) => {
    const few = thinned(points);
    columns.push(
      [`${name}_step`, few.steps, [few.steps.length]],
      [`${name}_value`, few.values, [few.values.length]],
    );
    return { name, points: points.length, last: points.values.at(-1) ?? null };
  });
  const { sections, payload } = pack(steps > 0 ? columns : []);
  const header = {
    version: 1,
    kind: "training",
    title: "quiet-river-42",
    subtitle: "",
    rows: 0,
    inline: true,
    seq: 0,
    rewritten: 0,
    name: "quiet-river-42",
    folder: "/home/you/notebooks/runs/quiet-river-42",
    state: "running",
    stage: { stage: "training", done: null, total: null },
    plan: {
      steps: planned,
      epochs: planned / epoch,
      steps_per_epoch: epoch,
      batch_size: 16,
      micro_batch: 8,
      accumulation: 2,
      trainable: 22_700_000,
      parameters: 22_700_000,
      task: "classification",
      labels: ["negative", "positive"],
      train_rows: 4_000,
      test_rows: 1_000,
    },
    card: CARD,
    progress: {
      step: steps,
      steps: planned,
      epoch: steps / epoch,
      eta_s: 200,
      elapsed_s: 421,
      tokens_per_s: 5_140,
      memory: 1_240_000_000,
      gpu_memory: null,
    },
    series: steps > 0 ? series : [],
    evals,
    evals_total: evals.length,
    checkpoints: evals.map(({ step }) => step),
    best: evals.length > 0 ? { step: evals.length * epoch, metric: "accuracy", value: 0.87 } : null,
    lr_changes: [],
    message: null,
    hint: null,
    notes: [],
    warnings: [],
    finder: null,
    queued: [],
    attempts: 1,
    facts: [
      ["Model", "all-minilm-l6-v2"],
      ["Task", "classification"],
      ["Data", "snippets.csv · 5,000 rows"],
      ["Method", "full"],
      ["Device", "cpu · float32 · 1 thread"],
    ],
    sections,
    ...facts,
  };
  return { kind: "training", header, payload };
}

const CARD = {
  rows: { train: 4_000, test: 1_000 },
  split: "20% of the rows, alike in labels",
  steps: 750,
  steps_per_epoch: 125,
  duplicates: 3,
  contradictions: 0,
  leaked_test_rows: 1,
  lengths: {
    counted: 4_000,
    mean: 31.2,
    median: 24,
    p95: 51,
    longest: 96,
    limit: 64,
    cut_rows: 0.021,
    cut_tokens: 0.08,
    edges: [4, 27, 50, 73, 96],
    bars: [1_800, 1_200, 700, 300],
  },
  balance: { labels: ["negative", "positive"], train: [1_900, 2_100], test: [480, 520] },
  parameters: { trained: 22_700_000, all: 22_700_000 },
  memory: { weights: 91_000_000, activations: 640_000_000, needed: 1_100_000_000, free: 13_400_000_000 },
  advice: ["1 test row can also be learnt from: the metrics will flatter.", "Try `--batch-size 4`."],
};

/** The least and the greatest of each stretch, as Python sends them. */
function thinned(points: Points): { steps: Uint32Array; values: Float32Array } {
  const { length, steps, values } = points;
  if (length <= MOST) return { steps, values };
  const kept: number[] = [];
  for (let stretch = 0; stretch < MOST / 2; stretch++) {
    const from = Math.round((2 * stretch * length) / MOST);
    const to = Math.round((2 * (stretch + 1) * length) / MOST);
    let [low, high] = [from, from];
    for (let at = from; at < to; at++) {
      if ((values[at] as number) < (values[low] as number)) low = at;
      if ((values[at] as number) > (values[high] as number)) high = at;
    }
    kept.push(Math.min(low, high), Math.max(low, high));
  }
  const few = kept.filter((at, number) => at !== kept[number - 1]);
  return {
    steps: Uint32Array.from(few, (at) => steps[at] as number),
    values: Float32Array.from(few, (at) => values[at] as number),
  };
}

/** Answers requests the way Python does. */
export class FakeRunKernel {
  readonly #model: FakeModel;
  #run: FakeRun;
  readonly curves: Record<string, Points>;
  #seq = 0;

  constructor(model: FakeModel, run: FakeRun) {
    this.#model = model;
    this.#run = run;
    this.curves = fakeCurves(run);
  }

  answer({ type, id, method, params = {} }: Sent): void {
    if (type !== "request") return;
    const reply = (result: object, buffers: DataView[] = []) =>
      this.#model.receive({ type: "reply", id, ok: true, result }, buffers);
    if (method === "run") {
      const { header, payload } = fakeHeader(this.#run, this.curves);
      reply({ ...header, seq: this.#seq }, [payload]);
    } else if (method === "curve") this.#curve(params, reply);
    else if (method === "log") {
      const text = params.offset === null ? (this.#run.log ?? "") : "";
      reply({ text, offset: text.length, size: text.length });
    } else if (method === "evaluation") reply(this.#run.report ?? { missing: true });
    else if (method === "control") reply({ id: `told-${id}` });
    else this.#model.receive({ type: "reply", id, ok: false, error: `There is no method ${method}.` });
  }

  #curve(params: Record<string, unknown>, reply: (result: object, buffers: DataView[]) => void): void {
    const points = this.curves[String(params.name)] ?? new Points();
    const smoothing = Number(params.smoothing);
    const inside = [points.find(Number(params.from_step)), points.find(Number(params.to_step) + 1)] as const;
    const { step, low, high, mean, smooth, isExact } = thin(
      points,
      new Smoothed(smoothing).of(points),
      inside,
      Number(params.pixels),
    );
    const shape = [step.length];
    const columns: NamedArray[] = [
      ["step", Uint32Array.from(step), shape],
      ["min", low, shape],
      ["max", high, shape],
      ["mean", mean, shape],
    ];
    if (smoothing > 0) columns.push(["smooth", smooth, shape]);
    const { sections, payload } = pack(columns);
    reply({ name: params.name, points: inside[1] - inside[0], exact: isExact, sections }, [payload]);
  }

  /** The worker has done some more steps, and whoever looks is told. */
  goOn(count: number, facts: Partial<RunFacts> = {}): void {
    const from = this.#run.steps;
    const run = { ...this.#run, steps: from + count };
    this.#run = run;
    this.#seq += 1;
    const steps = Uint32Array.from({ length: count }, (_, at) => from + at + 1);
    const buffers: DataView[] = [];
    const series = NAMES.map((name) => {
      const values = Float32Array.from(steps, (step) => value(name, step, run));
      this.curves[name]?.add(from, steps, values);
      buffers.push(new DataView(steps.slice().buffer), new DataView(values.buffer));
      return { name, from, points_total: run.steps, last: values.at(-1) ?? null };
    });
    const { progress } = fakeHeader({ ...run, facts: {} }, {}).header;
    const header = { progress, ...facts };
    this.#model.receive({ type: "run", seq: this.#seq, header, series }, buffers);
  }
}

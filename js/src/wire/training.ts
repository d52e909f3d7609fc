// A training run on the wire: what is known of it in the header, its curves in the payload, and what comes as it goes on.
import { checkHeader, type Header, WireError } from "./sections";

export const STATES = ["starting", "running", "paused", "stopped", "done", "failed", "dead"] as const;

export type RunState = (typeof STATES)[number];

export type Command = "pause" | "resume" | "stop" | "save" | "lr";

/** What the worker is at: `done` of `total` where that is counted. */
export interface Stage {
  stage: string;
  done: number | null;
  total: number | null;
}

export interface Plan {
  steps: number;
  epochs: number;
  steps_per_epoch: number;
  batch_size: number;
  micro_batch: number;
  accumulation: number;
  trainable: number;
  parameters: number;
  task: string;
  labels: string[];
  train_rows: number;
  test_rows: number;
}

export interface RunProgress {
  step: number;
  steps: number | null;
  epoch: number | null;
  eta_s: number | null;
  elapsed_s: number | null;
  tokens_per_s: number | null;
  /** Bytes. */
  memory: number | null;
  gpu_memory: number | null;
}

export interface Evaluation {
  step: number;
  epoch: number | null;
  /** By name, the loss included; null for what is not finite. */
  metrics: Record<string, number | null>;
  /** How long it took. */
  seconds: number | null;
}

export interface LrChange {
  step: number;
  factor: number;
}

/** What a search for a learning rate found. */
export interface Finder {
  /** What was tried, rising, and the loss there; null for what is not finite. */
  points: [rate: number, loss: number | null][];
  chosen: number | null;
}

export interface Best {
  step: number;
  metric: string;
  value: number;
}

/** What is known of a run, its curves apart. */
export interface RunFacts {
  name: string;
  folder: string;
  title: string;
  state: RunState;
  stage: Stage | null;
  facts: [string, string][];
  /** What is good to know. */
  notes: string[];
  /** What is wrong, or will be. */
  warnings: string[];
  finder: Finder | null;
  plan: Partial<Plan> | null;
  /** What was known before anything ran, as the run directory has it. */
  card: Record<string, unknown> | null;
  progress: RunProgress;
  checkpoints: number[];
  best: Best | null;
  lr_changes: LrChange[];
  message: string | null;
  hint: string | null;
  /** What the worker was told and has not followed yet. */
  queued: { id: string; command: Command }[];
  attempts: number;
}

/** A curve that came: how many points the run has of it, and the value of the last. */
interface SeriesFacts {
  name: string;
  points: number;
  last: number | null;
}

export interface TrainingHeader extends Header, RunFacts {
  kind: "training";
  /** How many messages of the run the kernel had sent before. */
  seq: number;
  /** How often what the run had told was not so any more, since a later worker did some steps again. */
  rewritten: number;
  series: SeriesFacts[];
  evals: Evaluation[];
  /** How many evaluations the run has. */
  evals_total: number;
}

export function trainingHeader(raw: Record<string, unknown>): TrainingHeader {
  const lists = [
    "facts",
    "notes",
    "warnings",
    "sections",
    "series",
    "evals",
    "checkpoints",
    "lr_changes",
    "queued",
  ] as const;
  const header = checkHeader<TrainingHeader>(raw, ["training"], lists, "a training run");
  if (!STATES.includes(header.state)) {
    throw new WireError(`This page does not know the state "${header.state}": run the cell again.`);
  }
  return header;
}

/** New points of a curve; the first of them is the run's number `from`. */
export interface Grown {
  name: string;
  from: number;
  steps: Uint32Array;
  values: Float32Array;
}

/** What came as the run went on; null where the page must ask for the run anew. */
export type RunNews = {
  seq: number;
  facts: Partial<RunFacts>;
  grown: Grown[];
  evals: { from: number; new: Evaluation[] } | null;
} | null;

interface RunMessage {
  type: "run";
  seq: number;
  restart?: boolean;
  header?: Partial<RunFacts>;
  series?: { name: string; from: number }[];
  evals?: { from: number; total: number; new: Evaluation[] };
}

/** What the kernel tells of a run; undefined for any other message. */
export function runNews(content: unknown, buffers: readonly DataView[]): RunNews | undefined {
  if ((content as Partial<RunMessage> | null)?.type !== "run") return undefined;
  const { seq, restart, header = {}, series = [], evals = null } = content as RunMessage;
  if (restart) return null;
  const grown = series.map(({ name, from }, at) => ({
    name,
    from,
    steps: column(Uint32Array, buffers[2 * at]),
    values: column(Float32Array, buffers[2 * at + 1]),
  }));
  return { seq, facts: header, grown, evals };
}

/** A received view begins anywhere, and a typed array only at a multiple of its size: so it is copied. */
function column<T>(Kind: new (buffer: ArrayBuffer) => T, view: DataView | undefined): T {
  if (!view) throw new WireError("What came of the run is incomplete.");
  return new Kind(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer);
}

/** What an evaluation found out beyond numbers. */
export interface Report {
  confusion: number[][] | null;
  labels: string[];
  mistakes: Mistake[];
  by_label: Record<string, Record<string, number | null>>;
}

export interface Mistake {
  row: number;
  text: string;
  expected: unknown;
  predicted: unknown;
  loss: number | null;
  score?: number | null;
}

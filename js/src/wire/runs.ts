// Training runs on the wire: a row a run in the header, and the rows that changed in what comes.
import { checkVersion, WireError } from "./sections";
import { type Command, type RunState, STATES } from "./training";

/** A run among others. */
export interface RunRow {
  state: RunState;
  task: string | null;
  data: string;
  model: string;
  method: string;
  settings: string;
  /** Those of its best evaluation. */
  metrics: Record<string, number | null>;
  /** By which the best is chosen. */
  best: string | null;
  step: number;
  steps: number | null;
  evals: number;
  rewritten: number;
  seconds: number;
  /** Why it failed, or was stopped without a model. */
  message: string;
  /** Names of what it has a curve of. */
  curves: string[];
  /** What its worker was told and has not followed yet. */
  queued: Command[];
  has_model: boolean;
}

export type RunRows = Readonly<Record<string, RunRow>>;

export interface RunsHeader {
  title: string;
  subtitle: string;
  /** How many messages the kernel had sent before. */
  seq: number;
  /** The names, the newest first. */
  order: string[];
  runs: RunRows;
}

export function runsHeader(raw: Record<string, unknown>): RunsHeader {
  checkVersion(raw);
  const header = raw as unknown as RunsHeader;
  const isWhole = Array.isArray(header.order) && header.order.every((name) => header.runs?.[name]);
  if (raw.kind !== "runs" || !isWhole) throw new WireError("This is no list of training runs.");
  for (const { state } of Object.values(header.runs))
    if (!STATES.includes(state))
      throw new WireError(`This page does not know the state "${state}": run the cell again.`);
  return header;
}

/** What came; the rows are those that changed. */
export type RunsNews = Pick<RunsHeader, "seq" | "order" | "runs">;

/** What the kernel tells of runs; undefined for any other message. */
export function runsNews(content: unknown): RunsNews | undefined {
  const message = content as ({ type: string } & RunsNews) | null;
  return message?.type === "runs" ? message : undefined;
}

/** With what came; null where something between is missing. */
export function withNews(header: RunsHeader, { seq, order, runs }: RunsNews): RunsHeader | null {
  if (seq <= header.seq) return header;
  if (seq > header.seq + 1) return null;
  const all = { ...header.runs, ...runs };
  const kept = Object.fromEntries(order.map((name) => [name, all[name]]));
  return Object.values(kept).every(Boolean) ? { ...header, seq, order, runs: kept as RunRows } : null;
}

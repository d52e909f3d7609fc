// A run as the page knows it: it begins with what came in the header, and grows by what the kernel tells.
import type { Sections } from "../wire/sections";
import type { Evaluation, RunFacts, RunNews, TrainingHeader } from "../wire/training";
import { Points } from "./points";

export class Run {
  facts: RunFacts;
  evals: readonly Evaluation[];
  readonly #curves = new Map<string, Points>();
  /** Grows when steps were done again, and what was known of them is not so any more. */
  readonly rewritten: number;
  #seq: number;

  constructor(header: TrainingHeader, read: Sections) {
    this.facts = header;
    this.evals = header.evals;
    this.rewritten = header.rewritten;
    this.#seq = header.seq;
    for (const { name, points } of header.series) {
      const curve = new Points(read.uint32(`${name}_step`), read.float32(`${name}_value`), points);
      this.#curves.set(name, curve);
    }
  }

  curve(name: string): Points | undefined {
    return this.#curves.get(name);
  }

  /** Names of the curves that have points. */
  get curves(): string[] {
    return [...this.#curves.keys()];
  }

  /** Metrics of the evaluations, in the order in which they first came. */
  get metrics(): string[] {
    return [...new Set(this.evals.flatMap(({ metrics }) => Object.keys(metrics)))];
  }

  /** Whether all that a header tells of curves and evaluations is here, point by point. */
  isAt({ seq, rewritten }: TrainingHeader): boolean {
    return seq === this.#seq && rewritten === this.rewritten;
  }

  /** Take in what came; false where something between is missing, and the run must be asked for anew. */
  take(news: RunNews): boolean {
    if (news === null || news.seq > this.#seq + 1) return false;
    if (news.seq <= this.#seq) return true;
    this.#seq = news.seq;
    this.facts = { ...this.facts, ...news.facts };
    if (news.evals) this.evals = [...this.evals, ...news.evals.new];
    return news.grown.every(({ name, from, steps, values }) => {
      const curve = this.#curves.get(name) ?? new Points();
      this.#curves.set(name, curve);
      return curve.add(from, steps, values);
    });
  }
}

/** The worker lives, so that it can be told something. */
export function isLive({ state }: Pick<RunFacts, "state">): boolean {
  return state === "starting" || state === "running" || state === "paused";
}

/** Another worker can begin where the last one ended. */
export function canResume({ state }: Pick<RunFacts, "state">): boolean {
  return state === "stopped" || state === "failed" || state === "dead";
}

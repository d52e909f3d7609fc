// The head of a run: what state it is in, how far it is, how fast it goes.
import { useEffect, useRef, useState } from "preact/hooks";
import { formatCount, formatEta, formatShare } from "../text";
import { isLive } from "../training/run";
import type { RunFacts } from "../wire/training";
import { formatBytes, formatDuration } from "./figures";
import { ProgressBar } from "./progress";
import { STATES, StateChip } from "./statechip";

const STAGES: Record<string, string> = {
  loading: "Loading the model",
  tokenizing: "Tokenizing",
  encoding: "Encoding the texts",
  finding: "Looking for a learning rate",
  training: "Training",
  evaluating: "Evaluating",
  saving: "Saving",
};

export function TrainingHead({ facts }: { facts: RunFacts }) {
  const { name, title, state, progress } = facts;
  const [, word] = STATES[state];
  const { step, steps } = progress;
  const stage = stageOf(facts);
  return (
    <div class="nbt-head nbt-run-head">
      <div class="nbt-head-line">
        <bdi class="nbt-title">{title || name}</bdi>
        <StateChip state={state} />
        <span class="nbt-subtitle">{stage}</span>
        {steps !== null && steps > 0 && <span class="nbt-progress-share">{formatShare(step, steps)}</span>}
      </div>
      {(isLive(facts) || step > 0) && (
        <div class="nbt-run-bar">
          <ProgressBar
            progress={{
              stage: stage || word,
              message: name,
              ...barOf(facts),
              unit: "steps",
              tokens_per_s: null,
              eta_s: null,
            }}
          />
        </div>
      )}
      <p class="nbt-progress-facts">
        {factsOf(facts).map(([text, help]) => (
          <span key={help} title={help}>
            {text}
          </span>
        ))}
      </p>
      <Announcer facts={facts} />
    </div>
  );
}

/** How full the bar is: by the steps; before the first by what comes before them, where that is counted. */
function barOf(facts: RunFacts): { done: number; total: number | null } {
  const { state, stage, progress } = facts;
  const { step, steps } = progress;
  if (!isLive(facts) || (step > 0 && state !== "starting")) return { done: step, total: steps ?? step };
  // A bar that moves says that work goes on.
  return { done: stage?.done ?? 0, total: stage?.total ?? null };
}

/** "Evaluating 120 of 400", while the worker is at something. */
function stageOf(facts: RunFacts): string {
  const { stage } = facts;
  if (!stage || !isLive(facts)) return "";
  const name = STAGES[stage.stage] ?? stage.stage;
  if (stage.total) return `${name}: ${formatCount(stage.done ?? 0)} of ${formatCount(stage.total)}`;
  return name;
}

function factsOf(facts: RunFacts): [text: string, help: string][] {
  const { plan, progress } = facts;
  const { step, steps, epoch, eta_s, elapsed_s, tokens_per_s, memory, gpu_memory } = progress;
  const told: [string, string][] = [];
  if (steps) told.push([`step ${formatCount(step)} of ${formatCount(steps)}`, "Steps of the optimiser"]);
  else if (step > 0) told.push([`step ${formatCount(step)}`, "Steps of the optimiser"]);
  if (epoch !== null) {
    const epochs = plan?.epochs;
    told.push([`epoch ${short(epoch)}${epochs ? ` of ${short(epochs)}` : ""}`, "Passes over the rows"]);
  }
  if (isLive(facts) && eta_s !== null) told.push([formatEta(eta_s), "By the pace of the last steps"]);
  if (elapsed_s !== null)
    told.push([
      `${formatDuration(elapsed_s)} ${isLive(facts) ? "so far" : "in all"}`,
      "In which a worker was at it",
    ]);
  if (tokens_per_s !== null) told.push([`${formatCount(tokens_per_s)} tokens/s`, "Padding does not count"]);
  if (memory !== null) told.push([`${formatBytes(memory)} of memory`, "What the worker holds"]);
  if (gpu_memory !== null)
    told.push([`${formatBytes(gpu_memory)} on the GPU`, "What the worker holds there"]);
  return told;
}

function short(epoch: number): string {
  return String(Number(epoch.toFixed(2)));
}

/** Between two words on how far it is, to whoever listens. */
const ANNOUNCE_MS = 30_000;

/** Tells the state when it changes, and how far the run is now and then. */
function Announcer({ facts }: { facts: RunFacts }) {
  const { state, message } = facts;
  const told = [
    STATES[state][1],
    stageOf(facts),
    ...factsOf(facts)
      .slice(0, 3)
      .map(([text]) => text),
  ];
  const latest = useRef("");
  latest.current = told.filter((text) => text !== "").join(", ");
  const [said, say] = useState("");
  useEffect(() => {
    say(message ? `${STATES[state][1]}: ${message}` : latest.current);
    if (!isLive({ state })) return;
    const timer = setInterval(() => say(latest.current), ANNOUNCE_MS);
    return () => clearInterval(timer);
  }, [state, message]);
  return (
    <span class="nbt-spoken" role="status">
      {said}
    </span>
  );
}

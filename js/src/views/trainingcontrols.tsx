// The buttons of a run, what of them the worker has not followed, and what to do when a run has ended badly.
import { useEffect, useState } from "preact/hooks";
import { formatCount } from "../text";
import type { Controls, Queued } from "../training/controls";
import { canResume, isLive } from "../training/run";
import type { Command, RunFacts } from "../wire/training";
import { ErrorIcon } from "./icons";
import { WithCode } from "./withcode";

interface Button {
  name: string;
  sign: string;
  help: string;
  command: Command;
  params?: object;
}

const PAUSE: Button = { name: "Pause", sign: "‖", help: "Wait after this step", command: "pause" };
const GO_ON: Button = { name: "Resume", sign: "▶", help: "Go on", command: "resume" };
const STOP: Button = {
  name: "Stop",
  sign: "■",
  help: "Finish this step, save, and keep the best model",
  command: "stop",
};
const SAVE: Button = {
  name: "Save now",
  sign: "↓",
  help: "Make a checkpoint after this step",
  command: "save",
};
const RATES: readonly Button[] = [
  {
    name: "lr ×½",
    sign: "",
    help: "Half the learning rate from the next step on",
    command: "lr",
    params: { factor: 0.5 },
  },
  {
    name: "lr ×2",
    sign: "",
    help: "Twice the learning rate from the next step on",
    command: "lr",
    params: { factor: 2 },
  },
];

interface ControlsProps {
  facts: RunFacts;
  controls: Controls;
}

export function TrainingControls({ facts, controls }: ControlsProps) {
  if (!isLive(facts) && controls.queued.length === 0 && !controls.problem) return null;
  return (
    <div class="nbt-run-controls">
      {isLive(facts) && (
        <fieldset class="nbt-run-buttons" aria-label="What the worker does">
          {[facts.state === "paused" ? GO_ON : PAUSE, STOP, SAVE, ...RATES].map((button) => (
            <ControlButton key={button.name} button={button} controls={controls} />
          ))}
        </fieldset>
      )}
      <Waits name={facts.name} controls={controls} />
      {controls.problem && (
        <p class="nbt-bad" role="alert">
          {controls.problem}
        </p>
      )}
    </div>
  );
}

function ControlButton({ button, controls }: { button: Button; controls: Controls }) {
  const { name, sign, help, command, params } = button;
  // Each press of a rate counts; to stop or to pause is asked for once.
  const isWaited = command !== "lr" && controls.queued.some((one) => one.name === name);
  return (
    <button
      type="button"
      class="nbt-button nbt-button-outlined"
      title={help}
      disabled={isWaited}
      onClick={() => controls.tell(command, name, params)}
    >
      {sign && <span aria-hidden="true">{sign}</span>}
      {name}
    </button>
  );
}

/** After so long the kernel is busy, or gone. */
const PATIENCE_MS = 6_000;

function Waits({ name, controls }: { name: string; controls: Controls }) {
  const { queued, others } = controls;
  const isLate = useLate(queued);
  if (queued.length === 0 && others.length === 0) return null;
  const namesOf = (some: readonly Queued[]) => some.map(({ name }) => name);
  const told = counted([
    ...namesOf(queued.filter(({ id }) => id !== null)),
    ...others.map((command) => COMMANDS[command]),
  ]);
  const waiting = counted(namesOf(queued.filter(({ id }) => id === null)));
  return (
    <p class="nbt-queued" role="status">
      <span class="nbt-spinner" aria-hidden="true" />
      <span>
        {waiting && `${waiting}: queued, waiting for the kernel. `}
        {told && `${told}: queued until the worker follows.`}
      </span>
      {isLate && (
        <span>
          The kernel may be busy with a cell, or gone; in a terminal,{" "}
          <code>{`nbtransformers runs stop ${name}`}</code> reaches the worker.
        </span>
      )}
    </p>
  );
}

const COMMANDS: Record<Command, string> = {
  pause: PAUSE.name,
  resume: GO_ON.name,
  stop: STOP.name,
  save: SAVE.name,
  lr: "learning rate",
};

/** "lr ×½ (2 times), Save now". */
function counted(names: readonly string[]): string {
  const times = new Map<string, number>();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  return [...times].map(([name, count]) => (count > 1 ? `${name} (${count} times)` : name)).join(", ");
}

function useLate(queued: readonly Queued[]): boolean {
  const [isLate, setLate] = useState(false);
  const first = queued.find(({ id }) => id === null)?.number;
  useEffect(() => {
    setLate(false);
    if (first === undefined) return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [first]);
  return isLate;
}

const ENDED: Partial<Record<RunFacts["state"], string>> = {
  dead: "The worker’s process is gone, without a word: it was killed, or the machine was restarted.",
  failed: "The run failed.",
};

/** Why a run ended before its time, and the way out. */
export function Ended({ facts, controls }: ControlsProps) {
  const { state, message, hint, checkpoints } = facts;
  if (!canResume(facts)) return null;
  const last = checkpoints.at(-1);
  const where =
    last === undefined ? "from the beginning: there is no checkpoint" : `from step ${formatCount(last)}`;
  const said = message ?? ENDED[state];
  return (
    <div class={state === "stopped" ? "nbt-strip" : "nbt-strip nbt-strip-error"} role="alert">
      {state !== "stopped" && <ErrorIcon />}
      <div class="nbt-ended">
        {said && <p dir="auto">{said}</p>}
        {hint && (
          <p dir="auto">
            <WithCode text={hint} />
          </p>
        )}
        <p class="nbt-tools">
          <ControlButton button={GO_ON} controls={controls} />
          <span class="nbt-aside">{`A new worker goes on ${where}.`}</span>
        </p>
      </div>
    </div>
  );
}

// The state of a run, with its sign, since a colour alone tells nothing to many.
import type { RunState } from "../wire/training";

export const STATES: Record<RunState, [sign: string, name: string]> = {
  starting: ["○", "Starting"],
  running: ["▶", "Running"],
  paused: ["‖", "Paused"],
  stopped: ["■", "Stopped"],
  done: ["✓", "Done"],
  failed: ["✕", "Failed"],
  dead: ["†", "Dead"],
};

export function StateChip({ state }: { state: RunState }) {
  const [sign, word] = STATES[state];
  return (
    <span class={`nbt-state nbt-state-${state}`}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  );
}

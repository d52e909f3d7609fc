// Work under way: what is being done, how far it has come, how fast it goes.
import type { Progress } from "../host";
import { formatCount, formatEta, formatShare } from "../text";
import { StopButton } from "./stop";

const STAGES: Record<string, string> = { starting: "Starting", loading: "Loading", running: "Running" };

interface ProgressProps {
  progress: Progress;
  /** Ends the work; null where it cannot be ended from here. */
  stop: (() => Promise<boolean>) | null;
}

export function ProgressView({ progress, stop }: ProgressProps) {
  const { stage, message, done, total } = progress;
  const facts = [amount(progress), ...paceOf(progress)].filter((fact) => fact !== "");
  return (
    <div class="nbt-progress">
      <div class="nbt-progress-head">
        <span class="nbt-progress-stage">{STAGES[stage] ?? stage}</span>
        <span class="nbt-progress-message">{message}</span>
        {shareOf(progress) !== null && (
          <span class="nbt-progress-share">{formatShare(done, total ?? 0)}</span>
        )}
        {stop && <StopButton stop={stop} />}
      </div>
      <ProgressBar progress={progress} />
      <div class="nbt-progress-facts">
        {facts.map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
      </div>
    </div>
  );
}

export function ProgressBar({ progress }: { progress: Progress }) {
  const { stage, message, done, total } = progress;
  const share = shareOf(progress);
  return (
    <div
      class={share === null ? "nbt-bar nbt-bar-moving" : "nbt-bar"}
      role="progressbar"
      aria-label={`${STAGES[stage] ?? stage}: ${message}`}
      aria-valuemin={0}
      aria-valuemax={share === null ? undefined : (total ?? undefined)}
      aria-valuenow={share === null ? undefined : done}
      aria-valuetext={share === null ? undefined : amount(progress)}
    >
      <div class="nbt-bar-fill" style={share === null ? {} : { "--share": share }} />
    </div>
  );
}

/** Null where nobody knows the end. */
function shareOf({ done, total }: Progress): number | null {
  return total !== null && total > 0 ? Math.min(1, done / total) : null;
}

/** "420 of 1,000 done", as the bar has it. */
export function doneOf({ done, total }: Progress): string {
  return total !== null && total > 0
    ? `${formatCount(done)} of ${formatCount(total)} done`
    : `${formatCount(done)} done`;
}

/** How long still, and how fast it goes. */
export function paceOf({ tokens_per_s: speed, eta_s: eta }: Progress): string[] {
  const left = eta === null ? [] : [formatEta(eta)];
  return speed === null ? left : [...left, `${formatCount(speed)} tokens/s`];
}

/** "420 of 1,000 texts"; nothing while nothing is counted. */
function amount({ done, total, unit }: Progress): string {
  if (total !== null && total > 0) return `${formatCount(done)} of ${formatCount(total)} ${unit}`.trim();
  return done > 0 ? `${formatCount(done)} ${unit}`.trim() : "";
}

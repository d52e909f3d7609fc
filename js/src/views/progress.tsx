// Work under way: what is being done, how far it has come, how fast it goes.
import type { Progress } from "../host";
import { formatCount, formatEta, formatShare } from "../text";

const STAGES: Record<string, string> = { starting: "Starting", loading: "Loading", running: "Running" };

export function ProgressView({ progress }: { progress: Progress }) {
  const { stage, message, done, total } = progress;
  const share = total !== null && total > 0 ? Math.min(1, done / total) : null;
  const label = STAGES[stage] ?? stage;
  return (
    <div class="nbt-progress">
      <div class="nbt-progress-head">
        <span class="nbt-progress-stage">{label}</span>
        <span class="nbt-progress-message">{message}</span>
        {share !== null && <span class="nbt-progress-share">{formatShare(done, total ?? 0)}</span>}
      </div>
      <div
        class={share === null ? "nbt-bar nbt-bar-moving" : "nbt-bar"}
        role="progressbar"
        aria-label={`${label}: ${message}`}
        aria-valuemin={0}
        aria-valuemax={share === null ? undefined : (total ?? undefined)}
        aria-valuenow={share === null ? undefined : done}
        aria-valuetext={share === null ? undefined : amount(progress)}
      >
        <div class="nbt-bar-fill" style={share === null ? {} : { "--share": share }} />
      </div>
      <div class="nbt-progress-facts">
        {facts(progress).map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
      </div>
    </div>
  );
}

function facts(progress: Progress): string[] {
  const { tokens_per_s: speed, eta_s: eta } = progress;
  const all = [
    amount(progress),
    speed === null ? "" : `${formatCount(speed)} tokens/s`,
    eta === null ? "" : formatEta(eta),
  ];
  return all.filter((fact) => fact !== "");
}

/** "420 of 1,000 texts"; nothing while nothing is counted. */
function amount({ done, total, unit }: Progress): string {
  if (total !== null && total > 0) return `${formatCount(done)} of ${formatCount(total)} ${unit}`.trim();
  return done > 0 ? `${formatCount(done)} ${unit}`.trim() : "";
}

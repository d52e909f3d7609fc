// Numbers as lengths. The number itself always stands beside its bar.
import { cssColour } from "../colour";
import { formatScore, formatValue } from "../text";

interface ScoreBarProps {
  score: number;
  colour: string;
}

/** A probability, from 0 to 1. */
export function ScoreBar({ score, colour }: ScoreBarProps) {
  return (
    <span class="nbt-score" style={{ "--share": clamp(score), "--colour": cssColour(colour) }}>
      <span class="nbt-score-track" aria-hidden="true">
        <span class="nbt-score-fill" />
      </span>
      <span class="nbt-number">{formatScore(score)}</span>
    </span>
  );
}

interface ValueBarProps {
  value: number;
  min: number;
  max: number;
}

/** A number on an open scale, as a bar from zero; the scale always holds zero. */
export function ValueBar({ value, min, max }: ValueBarProps) {
  const low = Math.min(0, min);
  const high = Math.max(0, max);
  const place = (number: number) => (high > low ? clamp((number - low) / (high - low)) : 0);
  const from = Math.min(place(0), place(value));
  const to = Math.max(place(0), place(value));
  const style = {
    "--zero": place(0),
    "--from": from,
    "--share": to - from,
    "--colour": cssColour(value < 0 ? "orange" : "blue"),
  };
  return (
    <span class="nbt-score nbt-value" style={style}>
      <span class="nbt-score-track" aria-hidden="true">
        <span class="nbt-score-fill" />
      </span>
      <span class="nbt-number">{formatValue(value)}</span>
    </span>
  );
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

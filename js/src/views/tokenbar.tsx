// How many tokens a text has, against what the model reads.

interface TokenBarProps {
  count: number;
  cut: number;
  /** Tokens that the model reads; null or 0 where there is no limit. */
  limit: number | null;
  /** What fills the bar where there is no limit. */
  most?: number;
}

/** Where tokens are cut, the whole bar is the text, and what is cut is hatched. */
export function TokenBar({ count, cut, limit, most = 0 }: TokenBarProps) {
  const whole = Math.max(limit || most, count, 1);
  if (!limit && !most) return null;
  return (
    <span class="nbt-tokenbar" aria-hidden="true">
      <span class="nbt-tokenbar-read" style={{ "--share": (count - cut) / whole }} />
      <span class="nbt-tokenbar-cut" style={{ "--share": cut / whole }} />
    </span>
  );
}

// A tick or a cross, for the eye alone: the words beside it say the same.

export function Mark({ isGood }: { isGood: boolean }) {
  return (
    <span class={isGood ? "nbt-models-yes" : "nbt-bad"} aria-hidden="true">
      {isGood ? "✓" : "✕"}
    </span>
  );
}

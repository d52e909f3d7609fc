// A text beside its name, and a similarity in figures.
import type { Named } from "../wire/vectors";

export function NamedText({ text: { index, text } }: { text: Named }) {
  return (
    <p>
      <bdi class="nbt-number">{index}</bdi>
      <span dir="auto">{text === "" ? <span class="nbt-muted">no text</span> : text}</span>
    </p>
  );
}

/** A similarity with all the figures that it can be compared by. */
export function exactly(value: number, figures = 4): string {
  const written = value.toFixed(figures);
  return Number.isNaN(value)
    ? "–"
    : (Number(written) === 0 ? written.replace("-", "") : written).replace("-", "−");
}

// Lines of a formula, their powers raised.

interface FormulaLinesProps {
  lines: readonly string[];
  /** Where a model has what it defines. */
  source?: string;
}

export function FormulaLines({ lines, source }: FormulaLinesProps) {
  return (
    <div class="nbt-formula-lines">
      {lines.map((line) => (
        <p key={line}>{raised(line)}</p>
      ))}
      {source && !lines.some((line) => line.includes(source)) && (
        <p class="nbt-muted">
          <bdi>{source}</bdi>
        </p>
      )}
    </div>
  );
}

/** A line, each `^(…)` of it as a superscript. */
function raised(line: string) {
  return line.split(/\^\(([^)]*)\)/).map((part, at) => (at % 2 === 1 ? <sup key={at}>{part}</sup> : part));
}

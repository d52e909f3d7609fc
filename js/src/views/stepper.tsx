// One of several that are numbered from 0: typed, or gone to step by step.
interface StepperProps {
  name: string;
  value: number;
  count: number;
  onChange(value: number): void;
}

export function Stepper({ name, value, count, onChange }: StepperProps) {
  const go = (to: number) => {
    if (Number.isInteger(to) && to >= 0 && to < count) onChange(to);
  };
  return (
    <fieldset class="nbt-stepper" aria-label={name}>
      <span>{name}</span>
      <button
        type="button"
        aria-label={`Previous ${name.toLowerCase()}`}
        disabled={value === 0}
        onClick={() => go(value - 1)}
      >
        ‹
      </button>
      <input
        type="number"
        aria-label={`${name}, from 0 to ${count - 1}`}
        min={0}
        max={count - 1}
        value={value}
        onInput={({ currentTarget }) => currentTarget.value !== "" && go(Number(currentTarget.value))}
      />
      <button
        type="button"
        aria-label={`Next ${name.toLowerCase()}`}
        disabled={value >= count - 1}
        onClick={() => go(value + 1)}
      >
        ›
      </button>
    </fieldset>
  );
}

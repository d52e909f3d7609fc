// A field in which one types, and is shown what is often meant.
import { useId } from "./id";

interface TypedProps {
  label: string;
  hint: string;
  /** What is often meant. */
  known: readonly string[];
  value: string;
  onType(text: string): void;
}

export function TypedField({ label, hint, known, value, onType }: TypedProps) {
  const id = useId("typed");
  return (
    <span class="nbt-models-typed">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        list={`${id}-known`}
        placeholder={hint}
        spellcheck={false}
        autocomplete="off"
        value={value}
        onInput={({ currentTarget }) => onType(currentTarget.value)}
      />
      <datalist id={`${id}-known`}>
        {known.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </span>
  );
}

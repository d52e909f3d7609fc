// One choice of many, of which only the chosen one is in sight.

interface SelectProps<Key extends string> {
  label: string;
  options: readonly (readonly [key: Key, title: string])[];
  chosen: Key;
  onChoose(key: Key): void;
}

export function Select<Key extends string>({ label, options, chosen, onChoose }: SelectProps<Key>) {
  return (
    <label class="nbt-select">
      <span aria-hidden="true">{label}</span>
      <select
        aria-label={label}
        value={chosen}
        onChange={({ currentTarget }) => onChoose(currentTarget.value as Key)}
      >
        {options.map(([key, title]) => (
          <option key={key} value={key} selected={key === chosen}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

// One choice of a few, all in sight.

interface SegmentsProps<Key extends string> {
  label: string;
  /** Each with its title, and what more there is to say of it. */
  options: readonly (readonly [key: Key, title: string, help?: string])[];
  chosen: Key | undefined;
  onChoose(key: Key): void;
}

export function Segments<Key extends string>({ label, options, chosen, onChoose }: SegmentsProps<Key>) {
  return (
    <fieldset class="nbt-segments" aria-label={label}>
      {options.map(([key, title, help]) => (
        <button
          key={key}
          type="button"
          class="nbt-segment"
          aria-pressed={key === chosen}
          title={help}
          onClick={() => onChoose(key)}
        >
          {title}
        </button>
      ))}
    </fieldset>
  );
}

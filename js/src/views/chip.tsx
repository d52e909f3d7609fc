// A label, with its colour beside its name.
import { cssColour } from "../colour";

interface ChipProps {
  name: string;
  colour: string;
}

export function Chip({ name, colour }: ChipProps) {
  return (
    <span
      class={colour === "none" ? "nbt-chip nbt-chip-none" : "nbt-chip"}
      style={{ "--colour": cssColour(colour) }}
      title={name}
    >
      <bdi>{name}</bdi>
    </span>
  );
}

interface ChipsProps {
  names: readonly string[];
  colours: readonly string[];
  /** Label numbers, the most likely first. */
  shown: readonly number[];
  /** More than so many become "+2". */
  limit: number;
}

export function Chips({ names, colours, shown, limit }: ChipsProps) {
  const visible = shown.slice(0, limit);
  const rest = shown.slice(limit);
  return (
    <span class="nbt-chips">
      {visible.map((label) => (
        <Chip key={label} name={names[label] ?? String(label)} colour={colours[label] ?? "grey"} />
      ))}
      {rest.length > 0 && (
        <span class="nbt-more" title={rest.map((label) => names[label]).join(", ")}>
          +{rest.length}
        </span>
      )}
    </span>
  );
}

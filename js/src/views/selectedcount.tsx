// How much is selected, and the way to select nothing.
import type { ComponentChildren } from "preact";

interface SelectedCountProps {
  said: string;
  clear(): void;
  /** What else can be selected. */
  children?: ComponentChildren;
}

export function SelectedCount({ said, clear, children }: SelectedCountProps) {
  return (
    <span class="nbt-selected">
      <span class="nbt-selected-count">{said}</span>
      <button type="button" class="nbt-button" onClick={clear}>
        Clear
      </button>
      {children}
    </span>
  );
}

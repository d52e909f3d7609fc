// Something that is on or off.
import type { ComponentChildren } from "preact";

interface ToggleProps {
  pressed: boolean;
  onToggle(pressed: boolean): void;
  title?: string;
  disabled?: boolean;
  /** With a border, beside buttons that have one. */
  outlined?: boolean;
  children: ComponentChildren;
}

export function Toggle({ pressed, onToggle, outlined, children, ...rest }: ToggleProps) {
  return (
    <button
      type="button"
      class={outlined ? "nbt-toggle nbt-button-outlined" : "nbt-toggle"}
      aria-pressed={pressed}
      onClick={() => onToggle(!pressed)}
      {...rest}
    >
      {children}
    </button>
  );
}

// What scrolls within the panel, by the pointer and by keys.
import type { ComponentChildren } from "preact";

interface ScrolledProps {
  /** What it is to a screen reader. */
  label: string;
  class?: string;
  children: ComponentChildren;
}

export function Scrolled({ label, class: name = "nbt-scrolled", children }: ScrolledProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class={name} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

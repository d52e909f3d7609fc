// One of many, with a step to the one before and the one behind.
import type { ComponentChildren } from "preact";

interface TokenStepperProps {
  /** What is stepped through, such as "query token". */
  label: string;
  /** Undefined where there is nothing on that side. */
  onBack: (() => void) | undefined;
  onOn: (() => void) | undefined;
  children: ComponentChildren;
}

export function TokenStepper({ label, onBack, onOn, children }: TokenStepperProps) {
  return (
    <fieldset class="nbt-tokenstepper" aria-label={label}>
      <button type="button" aria-label={`Previous ${label}`} disabled={!onBack} onClick={onBack}>
        ‹
      </button>
      <span class="nbt-tokenstepper-of" aria-live="polite">
        {children}
      </span>
      <button type="button" aria-label={`Next ${label}`} disabled={!onOn} onClick={onOn}>
        ›
      </button>
    </fieldset>
  );
}

// The head of a result: what it is, in one line, and the details for who asks.
import { useState } from "preact/hooks";
import { ChevronIcon } from "./icons";

interface HeadProps {
  title: string;
  subtitle: string;
  facts: readonly (readonly [string, string])[];
}

export function Head({ title, subtitle, facts }: HeadProps) {
  const [open, setOpen] = useState(false);
  // Not `useId`: it counts within one panel, and a page holds several.
  const [id] = useState(() => `nbt-facts-${Math.random().toString(36).slice(2)}`);
  return (
    <header class="nbt-head">
      <div class="nbt-head-line">
        <span class="nbt-title">{title}</span>
        <span class="nbt-subtitle">{subtitle}</span>
        {facts.length > 0 && (
          <button
            type="button"
            class="nbt-disclose"
            aria-expanded={open}
            aria-controls={id}
            onClick={() => setOpen(!open)}
          >
            <ChevronIcon />
            Details
          </button>
        )}
      </div>
      <dl id={id} class="nbt-facts" hidden={!open}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </header>
  );
}

// The head of a result: what it is, in one line, and the details for who asks.
import { useState } from "preact/hooks";
import type { Progress } from "../host";
import { ChevronIcon } from "./icons";
import { useId } from "./id";
import { doneOf, ProgressBar, paceOf } from "./progress";

interface HeadProps {
  title: string;
  /** Gives way to the progress while the work goes on. */
  subtitle: string;
  facts: readonly (readonly [string, string])[];
  /** Shown while the work goes on; it takes no room, so that nothing moves when it ends. */
  progress?: Progress | null;
}

export function Head({ title, subtitle, facts, progress }: HeadProps) {
  const [open, setOpen] = useState(false);
  const id = useId("facts");
  return (
    <div class={progress ? "nbt-head nbt-head-working" : "nbt-head"}>
      <div class="nbt-head-line">
        <span class="nbt-title">{title}</span>
        <span class="nbt-subtitle">
          {progress ? [doneOf(progress), ...paceOf(progress)].join(" · ") : subtitle}
        </span>
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
      {progress && <ProgressBar progress={progress} />}
    </div>
  );
}

// A text as it is, with what puts it onto the clipboard.
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { formatCount } from "../text";
import { CopyButton } from "./copybutton";

interface CopiedTextProps {
  title: string;
  text: string;
  dir: "ltr" | "auto";
  class?: string;
  /** What else can be done with it. */
  children?: ComponentChildren;
}

export function CopiedText({ title, text, dir, class: name = "nbt-bench-code", children }: CopiedTextProps) {
  const element = useRef<HTMLPreElement>(null);
  return (
    <section class={name} aria-label={title}>
      <div class="nbt-tools">
        <span class="nbt-aside">{title}</span>
        {children}
        <CopyButton text={() => text} element={element} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long one scrolls, and so must the keys */}
      <pre ref={element} dir={dir} tabIndex={0}>
        {inShort(text)}
      </pre>
    </section>
  );
}

/** Characters: what nobody reads here would take the page seconds. */
const MOST_SHOWN = 20_000;

/** Of a long text the beginning; the buttons take the whole. */
function inShort(text: string): string {
  const shown = text.slice(0, MOST_SHOWN).trimEnd();
  const left = text.trimEnd().length - shown.length;
  return left > 0 ? `${shown}…\n\n… and ${formatCount(left)} characters more` : shown;
}

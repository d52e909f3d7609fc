// What a magic said that has no panel.
import { useRef } from "preact/hooks";
import { CopyButton } from "./copybutton";

const TITLE = "What it says";

export function SaidText({ text }: { text: string }) {
  const element = useRef<HTMLPreElement>(null);
  return (
    <section class="nbt-bench-code nbt-bench-said" aria-label={TITLE}>
      <div class="nbt-tools">
        <span class="nbt-aside">{TITLE}</span>
        <CopyButton text={() => text} element={element} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long one scrolls, and so must the keys */}
      <pre ref={element} dir="auto" tabIndex={0}>
        {text}
      </pre>
    </section>
  );
}

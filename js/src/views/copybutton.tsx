// A text to the clipboard.
import { useState } from "preact/hooks";

interface CopyProps {
  text(): string;
  /** What shows the text. */
  element: { current: HTMLElement | null };
}

export function CopyButton({ text, element }: CopyProps) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setDone(true);
      setTimeout(() => setDone(false), 1_500);
    } catch {
      // Over plain http a page may not: what is selected is one key away.
      if (element.current) getSelection()?.selectAllChildren(element.current);
    }
  };
  return (
    <button type="button" class="nbt-button" onClick={copy}>
      {done ? "Copied" : "Copy"}
    </button>
  );
}
